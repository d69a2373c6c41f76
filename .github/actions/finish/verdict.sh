#!/usr/bin/env bash
# verdict.sh CODE: fail as `reportgen regenerate` did, and say why; 0 (unchanged) and 10 (changed) are success.
case $1 in
  0 | 10) exit 0 ;;
  1) why="A study failed; its page of last time stays, with a banner." ;;
  2) why="A spec or its facts are wrong; the log of the build names the place." ;;
  3) why="An expectation is not met, or the same inputs gave other numbers." ;;
  *) why="The site was not built (exit code ${1:-unknown})." ;;
esac
echo "::error::$why"
exit 1
