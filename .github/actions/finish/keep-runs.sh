#!/usr/bin/env bash
# keep-runs.sh HISTORY BRANCH: add the records in the folder HISTORY to the branch BRANCH of `origin`.
#
# 1. Take the branch as it is now, begin one where there is none, and add every file of the folder; remove nothing.
# 2. Push. Where another run was faster, begin again: a record's name goes by its content, so all of them fit together.
#
# The checkout, its index and its branch stay as they are.
set -euo pipefail
history=$1 branch=refs/heads/$2

if [ ! -d "$history" ]; then
  echo "There are no runs to keep."
  exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GIT_INDEX_FILE="$scratch/index"
export GIT_AUTHOR_NAME="${GIT_AUTHOR_NAME:-reportgen}" GIT_AUTHOR_EMAIL="${GIT_AUTHOR_EMAIL:-reportgen@localhost}"
export GIT_COMMITTER_NAME="$GIT_AUTHOR_NAME" GIT_COMMITTER_EMAIL="$GIT_AUTHOR_EMAIL"

for attempt in 1 2 3 4 5; do
  known=0
  git ls-remote --exit-code origin "$branch" >/dev/null || known=$?
  rm -f "$GIT_INDEX_FILE"
  case $known in
    0) git fetch --quiet origin "$branch"; tip=$(git rev-parse FETCH_HEAD); git read-tree "$tip" ;;
    2) tip=; git read-tree --empty ;;
    *) echo "::error::The branch of the history cannot be read."; exit 1 ;;
  esac
  git --work-tree "$history" add --ignore-removal --force .
  tree=$(git write-tree)
  if [ -n "$tip" ] && git diff --quiet "$tip" "$tree"; then
    echo "There is nothing new to keep."
    exit 0
  fi
  commit=$(git commit-tree "$tree" ${tip:+-p "$tip"} -m "Runs of $(date -u +%F)")
  if git push --quiet origin "$commit:$branch"; then
    echo "The runs are kept."
    exit 0
  fi
  echo "Another run was faster, or the push was refused (attempt $attempt)."
  sleep $((attempt * 2))
done
echo "::error::The runs could not be kept on $branch."
exit 1
