#compdef imbot
# Completion of imbot for zsh:  source <(imbot completion zsh), after compinit; or as _imbot in a folder of $fpath.
_imbot() {
  local -a lines candidates
  local line
  lines=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == :files ]]; then
    _files
    return
  fi
  for line in $lines; do
    [[ -n $line ]] && candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe imbot candidates
}
if [[ ${zsh_eval_context[-1]-} == loadautofunc ]]; then
  _imbot "$@"
else
  compdef _imbot imbot
fi
