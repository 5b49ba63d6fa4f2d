# Enter the project's environment:  . ./activate.sh   (from any directory, in bash, zsh or a POSIX shell)
# Runs ./install first when there is no .venv yet.  Leaves the caller's shell options as they were.
if [ -n "${BASH_SOURCE:-}" ]; then
    _ie_script=$BASH_SOURCE
elif [ -n "${ZSH_VERSION:-}" ]; then
    eval '_ie_script=${(%):-%x}'
else
    _ie_script=./activate.sh  # a plain POSIX shell does not tell: source it from the project's directory
fi
_ie_root=$(CDPATH= cd -- "$(dirname -- "$_ie_script")" && pwd)
if [ ! -x "$_ie_root/.venv/bin/python" ]; then
    "$_ie_root/install" || { unset _ie_script _ie_root; return 1; }
fi
# The activation scripts of venv and uv read variables that may be unset.
case $- in *u*) _ie_nounset=1; set +u ;; *) _ie_nounset= ;; esac
. "$_ie_root/.venv/bin/activate"
if [ -n "$_ie_nounset" ]; then set -u; fi
unset _ie_script _ie_root _ie_nounset
