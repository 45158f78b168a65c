# Completion of imbot for bash:  source <(imbot completion bash)
_imbot() {
  local words=("${COMP_WORDS[@]:1:COMP_CWORD}") lines
  mapfile -t lines < <("${COMP_WORDS[0]/#\~/$HOME}" __complete "${words[@]}" 2>/dev/null)
  if [[ ${lines[0]-} == :files ]]; then
    compopt -o default
    COMPREPLY=()
    return
  fi
  # A candidate, a tab, and what it is: bash shows the candidate alone.
  COMPREPLY=("${lines[@]%%$'\t'*}")
}
complete -F _imbot imbot
