# Written by `central-venv hook bash`: `central-venv activate`, completion, and nothing else. Belongs into ~/.bashrc:
#     eval "$(central-venv hook bash)"

function central-venv {
  if [ "${1-}" != activate ]; then
    command central-venv "$@"
    return
  fi
  local script
  script=$(command central-venv activate --shell bash "${@:2}") || return
  case $script in
    '_central_venv_activate '*) eval "$script" ;;
    *) printf '%s\n' "$script" ;; # help
  esac
}

function cvenv {
  central-venv "$@"
}

# ROOT (with a slash at its end; empty if there is no project) ENVIRONMENT PROGRAMS PROMPT
function _central_venv_activate {
  if [ -n "${VIRTUAL_ENV-}" ] && declare -F deactivate >/dev/null; then
    deactivate
  fi
  _central_venv_deactivate
  _central_venv_root=$1
  _central_venv_environment=$2
  _central_venv_uv=
  _central_venv_before=$(_central_venv_saved PATH PYTHONHOME VIRTUAL_ENV VIRTUAL_ENV_PROMPT PS1 PROMPT_COMMAND)
  _central_venv_shadowed=$(declare -fp deactivate 2>/dev/null) || :
  function deactivate {
    _central_venv_deactivate
  }
  export VIRTUAL_ENV=$2 VIRTUAL_ENV_PROMPT=$4 PATH="$3${PATH:+:$PATH}"
  unset -v PYTHONHOME || :
  if [ -z "${VIRTUAL_ENV_DISABLE_PROMPT-}" ] && [ -n "${PS1+set}" ]; then
    PS1="($4) $PS1"
  fi
  _central_venv_watch
  _central_venv_follow
}

function _central_venv_deactivate {
  if [ -z "${_central_venv_before-}" ]; then
    return 0
  fi
  eval "$_central_venv_uv"
  eval "$_central_venv_before"
  local name aliases
  for name in cd pushd popd; do
    case $(declare -f "$name") in
      *_central_venv_follow*) unset -f "$name" ;;
    esac
  done
  unset -f deactivate
  aliases=$(shopt -p expand_aliases) || :
  shopt -u expand_aliases # they are in what was defined already
  eval "${_central_venv_shadowed-}"
  eval "$aliases"
  unset -v _central_venv_root _central_venv_environment _central_venv_uv _central_venv_before _central_venv_shadowed
}

# The commands that make variables again what they are now; what nobody can change stays that by itself.
function _central_venv_saved {
  local name declaration attributes
  for name; do
    declaration=$(declare -p "$name" 2>/dev/null) || declaration=
    attributes=${declaration#declare -}
    attributes=${attributes%% *}
    case $attributes in
      *r*)
        echo :
        continue
        ;;
    esac
    printf 'unset -v %s\n' "$name"
    if [ -z "$declaration" ]; then
      continue
    fi
    declaration=${declaration#"declare -$attributes "}
    case $attributes in
      *[!-ax]*) printf 'declare -g -%s %s\n' "$attributes" "$declaration" ;;
      *x*) printf 'export %s\n' "$declaration" ;;
      *) [ "$declaration" = "$name" ] || printf '%s\n' "$declaration" ;;
    esac
  done
}

# A prompt is too late for `cd elsewhere && uv sync`, and a `cd` of somebody else's is not to be replaced: hence both.
function _central_venv_watch {
  local name
  case $(declare -p PROMPT_COMMAND 2>/dev/null) in
    'declare -a'*) PROMPT_COMMAND+=(_central_venv_follow) ;;
    *) PROMPT_COMMAND+=$'\n'_central_venv_follow ;;
  esac
  for name in cd pushd popd; do
    if ! declare -F "$name" >/dev/null; then
      eval "function $name { builtin $name \"\$@\" && _central_venv_follow; }"
    fi
  done
}

# uv would make the environment fit whatever project it is called in, so only in its own it is told of it.
function _central_venv_follow {
  local here
  if [ -z "${_central_venv_root-}" ]; then
    return 0
  fi
  here=$(builtin pwd -P && printf /) || here=
  case ${here%$'\n'/}/ in
    "$_central_venv_root"*)
      if [ -z "$_central_venv_uv" ]; then
        _central_venv_uv=$(_central_venv_saved UV_PROJECT_ENVIRONMENT)
        export UV_PROJECT_ENVIRONMENT=$_central_venv_environment
      fi
      ;;
    *)
      eval "$_central_venv_uv"
      _central_venv_uv=
      ;;
  esac
}

function _central_venv_complete {
  local line=${COMP_LINE:0:COMP_POINT} candidate
  COMPREPLY=()
  while IFS= read -r candidate; do
    case $candidate in
      $'\t'*) _central_venv_complete_command "${candidate#$'\t'}" "$2" ;;
      *) COMPREPLY+=("$candidate") ;;
    esac
  done < <(command central-venv complete "--line=${line#*"$1"}" "--word=$2" 2>/dev/null)
}

# The last words, as many as told, are a command of their own.
function _central_venv_complete_command {
  if declare -F _command_offset >/dev/null; then
    _command_offset $((COMP_CWORD - $1 + 1))
  elif [ "$1" = 1 ]; then
    local IFS=$'\n'
    COMPREPLY=($(compgen -c -- "$2"))
  fi
}

complete -o bashdefault -o default -F _central_venv_complete central-venv cvenv
