# Written by `central-venv hook zsh`: `central-venv activate`, completion, and nothing else. Belongs into ~/.zshrc, after
# `compinit`:
#     eval "$(central-venv hook zsh)"

autoload -Uz add-zsh-hook

function central-venv {
  if [[ ${1-} != activate ]]; then
    command central-venv "$@"
    return
  fi
  local script
  script=$(command central-venv activate --shell zsh "${@:2}") || return
  case $script in
    '_central_venv_activate '*) eval "$script" ;;
    *) print -r -- "$script" ;; # help
  esac
}

function cvenv {
  central-venv "$@"
}

# ROOT (with a slash at its end; empty if there is no project) ENVIRONMENT PROGRAMS PROMPT
function _central_venv_activate {
  if [[ -n ${VIRTUAL_ENV-} ]] && typeset -f deactivate >/dev/null; then
    deactivate
  fi
  emulate -LR zsh
  _central_venv_deactivate
  typeset -g _central_venv_root=$1 _central_venv_environment=$2 _central_venv_uv=
  typeset -g _central_venv_before="$(_central_venv_saved PATH PYTHONHOME VIRTUAL_ENV VIRTUAL_ENV_PROMPT PS1)"
  typeset -g _central_venv_shadowed="$(typeset -f deactivate || :)"
  function deactivate {
    _central_venv_deactivate
  }
  export VIRTUAL_ENV=$2 VIRTUAL_ENV_PROMPT=$4 PATH=$3${PATH:+:$PATH}
  {
    unset PYTHONHOME
  } always {
    TRY_BLOCK_ERROR=0 # it is told that it cannot be unset
  }
  if [[ -z ${VIRTUAL_ENV_DISABLE_PROMPT-} && -n ${PS1+set} ]]; then
    PS1="($4) $PS1"
  fi
  add-zsh-hook chpwd _central_venv_follow
  _central_venv_follow
}

function _central_venv_deactivate {
  emulate -LR zsh
  if [[ -z ${_central_venv_before-} ]]; then
    return 0
  fi
  add-zsh-hook -d chpwd _central_venv_follow
  eval "$_central_venv_uv"
  eval "$_central_venv_before"
  unfunction -m deactivate
  setopt no_aliases # they are in what was defined already
  eval "${_central_venv_shadowed-}"
  unset _central_venv_root _central_venv_environment _central_venv_uv _central_venv_before _central_venv_shadowed
}

# The commands that make variables again what they are now; what nobody can change stays that by itself.
function _central_venv_saved {
  emulate -LR zsh
  local name attribute
  for name; do
    if (( ! ${(P)+name} )); then
      print -r -- "unset $name"
      continue
    fi
    if [[ ${(Pt)name} == *readonly* ]]; then
      print :
      continue
    fi
    attribute=+x
    if [[ ${(Pt)name} == *export* ]]; then
      attribute=-x
    fi
    print -r -- "typeset -g $attribute $name=${(qq)${(P)name}}"
  done
}

# uv would make the environment fit whatever project it is called in, so only in its own it is told of it.
function _central_venv_follow {
  emulate -LR zsh
  if [[ -n ${_central_venv_root-} && ${PWD:A}/ == "$_central_venv_root"* ]]; then
    if [[ -z $_central_venv_uv ]]; then
      _central_venv_uv=$(_central_venv_saved UV_PROJECT_ENVIRONMENT)
      export UV_PROJECT_ENVIRONMENT=$_central_venv_environment
    fi
  else
    eval "${_central_venv_uv-}"
    typeset -g _central_venv_uv=
  fi
}

function _central_venv_complete {
  local -a found described
  local line value
  found=("${(@f)$(command central-venv complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  case ${found[1]} in
    '') _files ;;
    $'\t'*) # the last words, as many as told, are a command of their own
      local -i count=${found[1]#$'\t'}
      words=("${(@)words[CURRENT-count+1,-1]}")
      CURRENT=$count
      _normal
      ;;
    *)
      for line in "${(@)found}"; do
        value=${line%%$'\t'*}
        described+=("${${value//\\/\\\\}//:/\\:}:${line#*$'\t'}")
      done
      _describe central-venv described
      ;;
  esac
}

if typeset -f compdef >/dev/null; then
  compdef _central_venv_complete central-venv cvenv
fi
