# Written by `central-venv hook pwsh`: `central-venv activate`, completion, and nothing else. Belongs into $PROFILE:
#     central-venv hook pwsh | Out-String | Invoke-Expression

function global:central-venv {
    $program = Get-Command -Name central-venv -CommandType Application -TotalCount 1 -ErrorAction Stop
    if ($args.Count -eq 0 -or $args[0] -cne 'activate') {
        if ($MyInvocation.ExpectingInput) { $input | & $program @args } else { & $program @args }
        return
    }
    $rest = @($args | Select-Object -Skip 1)
    $answer = @(& $program activate --shell pwsh @rest) -join "`n"
    if ($LASTEXITCODE -ne 0) { return }
    if ($answer.StartsWith('_central_venv_activate ', [StringComparison]::Ordinal)) {
        Invoke-Expression $answer
    } else {
        $answer # help
    }
}

function global:cvenv {
    if ($MyInvocation.ExpectingInput) { $input | central-venv @args } else { central-venv @args }
}

# ROOT (with a slash at its end; empty if there is no project) ENVIRONMENT PROGRAMS PROMPT
function global:_central_venv_activate([string]$Root, [string]$Environment, [string]$Programs, [string]$Prompt) {
    if ($env:VIRTUAL_ENV -and (Test-Path -LiteralPath Function:deactivate)) { deactivate }
    _central_venv_deactivate
    $global:_central_venv_session = @{
        Root = $Root
        Environment = $Environment
        Before = @{}
        Prompt = $function:prompt
        ShowName = -not $env:VIRTUAL_ENV_DISABLE_PROMPT
    }
    'PATH', 'PYTHONHOME', 'VIRTUAL_ENV', 'VIRTUAL_ENV_PROMPT' | ForEach-Object { _central_venv_save $_ }
    $env:VIRTUAL_ENV = $Environment
    $env:VIRTUAL_ENV_PROMPT = $Prompt
    $env:PATH = (@($Programs, $env:PATH) | Where-Object { $_ }) -join [IO.Path]::PathSeparator
    Remove-Item -LiteralPath Env:PYTHONHOME -ErrorAction Ignore
    function global:prompt {
        _central_venv_follow
        if ($global:_central_venv_session.ShowName) {
            Write-Host -NoNewline -ForegroundColor Green "($env:VIRTUAL_ENV_PROMPT) "
        }
        & $global:_central_venv_session.Prompt
    }
    function global:deactivate { _central_venv_deactivate }
    _central_venv_follow
}

function global:_central_venv_deactivate {
    if (-not (Test-Path -Path Variable:global:_central_venv_session)) { return }
    @($global:_central_venv_session.Before.Keys) | ForEach-Object { _central_venv_restore $_ }
    Set-Item -Path Function:global:prompt -Value $global:_central_venv_session.Prompt
    Remove-Variable -Name _central_venv_session -Scope Global
    Remove-Item -LiteralPath Function:deactivate -ErrorAction Ignore
}

# $null if it is not set.
function global:_central_venv_save([string]$Name) {
    $global:_central_venv_session.Before[$Name] = [Environment]::GetEnvironmentVariable($Name)
}

function global:_central_venv_restore([string]$Name) {
    $old = $global:_central_venv_session.Before[$Name]
    if ($null -eq $old) {
        Remove-Item -LiteralPath "Env:$Name" -ErrorAction Ignore
    } else {
        Set-Item -LiteralPath "Env:$Name" -Value $old
    }
    $global:_central_venv_session.Before.Remove($Name)
}

# uv would make the environment fit whatever project it is called in, so only in its own it is told of it.
function global:_central_venv_follow {
    $session = $global:_central_venv_session
    if (-not $session.Root) { return }
    $case = if ($env:OS -eq 'Windows_NT') { 'OrdinalIgnoreCase' } else { 'Ordinal' }
    $here = $PWD.ProviderPath.TrimEnd([IO.Path]::DirectorySeparatorChar) + [IO.Path]::DirectorySeparatorChar
    $told = $session.Before.ContainsKey('UV_PROJECT_ENVIRONMENT')
    if ($here.StartsWith($session.Root, [StringComparison]$case)) {
        if (-not $told) {
            _central_venv_save UV_PROJECT_ENVIRONMENT
            $env:UV_PROJECT_ENVIRONMENT = $session.Environment
        }
    } elseif ($told) {
        _central_venv_restore UV_PROJECT_ENVIRONMENT
    }
}

Register-ArgumentCompleter -Native -CommandName central-venv, cvenv -ScriptBlock {
    param($word, $line, $position)
    $program = Get-Command -Name central-venv -CommandType Application -TotalCount 1 -ErrorAction Stop
    $before = @($line.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $position } |
        ForEach-Object { if ($_ -is [Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text } })
    $current = $word.Trim("'", '"')
    # Old releases do not hand an empty word on.
    $passing = Get-Variable -Name PSNativeCommandArgumentPassing -ValueOnly -ErrorAction Ignore
    if ($current -eq '' -and "$passing" -notin 'Standard', 'Windows') { $current = '""' }
    & $program complete -- @before $current 2>$null | ForEach-Object {
        $value, $description = $_ -split "`t", 2
        if ($value) { # else a command of its own begins there
            $quoted = if ($value -match '^[\w./:=+-]+$') { $value } else { "'" + $value.Replace("'", "''") + "'" }
            $shown = if ($description) { $description } else { $value }
            [Management.Automation.CompletionResult]::new($quoted, $value, 'ParameterValue', $shown)
        }
    }
}
