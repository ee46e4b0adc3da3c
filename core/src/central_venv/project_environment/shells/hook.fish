# Written by `central-venv hook fish`: `central-venv activate`, completion, and nothing else. Belongs into
# ~/.config/fish/config.fish:
#     central-venv hook fish | source

function central-venv
    if test "$argv[1]" != activate
        command central-venv $argv
        return
    end
    set -l script (command central-venv activate --shell fish $argv[2..])
    or return
    if string match -q -- '_central_venv_activate *' $script[1]
        string join \n -- $script | source
    else
        string join \n -- $script # help
    end
end

function cvenv
    central-venv $argv
end

# ROOT (with a slash at its end; empty if there is no project) ENVIRONMENT PROGRAMS PROMPT
function _central_venv_activate
    if test -n "$VIRTUAL_ENV"; and functions -q deactivate
        deactivate
    end
    _central_venv_deactivate
    set -g _central_venv_root $argv[1]
    set -g _central_venv_environment $argv[2]
    for name in PATH PYTHONHOME VIRTUAL_ENV VIRTUAL_ENV_PROMPT
        _central_venv_save $name
    end
    functions -q deactivate
    and functions -c deactivate _central_venv_shadowed
    function deactivate
        _central_venv_deactivate
    end
    set -gx VIRTUAL_ENV $argv[2]
    set -gx VIRTUAL_ENV_PROMPT $argv[4]
    set -gx PATH $argv[3] $PATH
    set -eg PYTHONHOME
    set -qU PYTHONHOME
    and set -gx PYTHONHOME # every shell has it: empty, it is hidden, and Python takes it for none
    if test -z "$VIRTUAL_ENV_DISABLE_PROMPT"; and functions -q fish_prompt
        functions -c fish_prompt _central_venv_prompt
        function fish_prompt
            set -l last $status
            set_color 4B8BBE
            echo -n "($VIRTUAL_ENV_PROMPT)"
            set_color normal
            echo -n ' '
            _central_venv_status $last
            _central_venv_prompt
        end
    end
    _central_venv_follow
end

function _central_venv_deactivate
    set -q _central_venv_root
    or return 0
    for name in UV_PROJECT_ENVIRONMENT PATH PYTHONHOME VIRTUAL_ENV VIRTUAL_ENV_PROMPT
        _central_venv_restore $name
    end
    if functions -q _central_venv_prompt
        functions -e fish_prompt
        functions -c _central_venv_prompt fish_prompt
        functions -e _central_venv_prompt
    end
    set -eg _central_venv_root
    set -eg _central_venv_environment
    functions -e deactivate
    if functions -q _central_venv_shadowed
        functions -c _central_venv_shadowed deactivate
        functions -e _central_venv_shadowed
    end
end

function _central_venv_save -a name
    set -l kind unset
    set -qg $name; and set kind --unexport
    set -qgx $name; and set kind --export
    set -g _central_venv_old_$name $kind $$name
    return 0 # `set` would leave the status of the question before
end

function _central_venv_restore -a name
    set -l variable _central_venv_old_$name
    set -q $variable
    or return 0
    set -l old $$variable
    set -eg $name
    test $old[1] = unset
    or set -g $old[1] $name $old[2..]
    set -eg $variable
end

function _central_venv_status -a last
    return $last
end

# uv would make the environment fit whatever project it is called in, so only in its own it is told of it.
function _central_venv_follow --on-variable PWD
    test -n "$_central_venv_root"
    or return 0
    set -l here (string sub -l (string length -- $_central_venv_root) -- (pwd -P | string collect)/ | string collect)
    if test "$here" = $_central_venv_root
        if not set -q _central_venv_old_UV_PROJECT_ENVIRONMENT
            _central_venv_save UV_PROJECT_ENVIRONMENT
            set -gx UV_PROJECT_ENVIRONMENT $_central_venv_environment
        end
    else
        _central_venv_restore UV_PROJECT_ENVIRONMENT
    end
end

function _central_venv_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l beginning # what fits the rest of a name, fish finds out by itself
    string match -q -- '-*' $current; and set beginning $current
    set -l found (command central-venv complete -- $words[2..] "$beginning" 2>/dev/null)
    switch "$found[1]"
        case ''
            __fish_complete_path $current
        case \t\*
            # The last words, as many as told, are a command of their own.
            set -l line (string escape -- $words) "$current"
            set -l first -(string trim -- $found[1])
            complete -C "$line[$first..-1]"
        case '*'
            printf '%s\n' $found
    end
end

complete -c central-venv -f -a '(_central_venv_complete)'
complete -c cvenv -f -a '(_central_venv_complete)'
