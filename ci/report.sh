#!/bin/sh
# What a pull or merge request cost, as one comment that is kept up to date. Used by action.yml and ci/gitlab-ci.yml, and
# runs anywhere: without a forge it prints the report.
#
#   TOKCOST_BASE   what the request is to be merged into (origin/main)
#   TOKCOST_HEAD   what it brings (HEAD)
#   TOKCOST_CHECK  exit with 1 when its list cost is over so many US dollars
#   GitHub: GITHUB_STEP_SUMMARY, GITHUB_API_URL, GITHUB_REPOSITORY as the runner sets them, TOKCOST_PR, GITHUB_TOKEN
#   GitLab: CI_API_V4_URL, CI_MERGE_REQUEST_… as the runner sets them, TOKCOST_GITLAB_TOKEN (see docs/forges.md)
#
# A token that may not write, as requests from forks get, is no failure: the report is in the summary or the log.
# Needs tokcost and Python 3; to comment, curl.
set -u
umask 077

base=${TOKCOST_BASE:-origin/main}
head=${TOKCOST_HEAD:-HEAD}
scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' HUP INT TERM
report=$scratch/report.md

set -- report --base "$base" --markdown
[ -n "${TOKCOST_CHECK:-}" ] && set -- "$@" --check "$TOKCOST_CHECK"
tokcost "$@" -- "$head" > "$report"
code=$?
[ "$code" -gt 1 ] && exit "$code"
[ "$code" -eq 1 ] && printf '\n**Over the %s US dollars list that are allowed.**\n' "$TOKCOST_CHECK" >> "$report"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  cat "$report" >> "$GITHUB_STEP_SUMMARY"
else
  cat "$report"
fi

# The id of our comment in a page of comments; `more` when there is none and the page is full. Anyone can copy the marker
# into a comment of theirs, so on GitHub ours is a bot's, and a system note is nobody's.
find_ours='
import json, sys
marker, full = "<!-- tokcost report -->", 100
page = json.load(sys.stdin)
ours = [one["id"] for one in page if (one["body"] or "").startswith(marker) and not one.get("system")
        and (one["user"]["type"] == "Bot" if "user" in one else str(one["author"]["id"]) == sys.argv[1])]
print(ours[0] if ours else "more" if len(page) >= full else "")
'
as_json='import json, sys; json.dump({"body": open(sys.argv[1], encoding="utf-8").read()}, sys.stdout)'

# The token is in a file: arguments of a process can be read by others on the machine.
ask() {
  curl --silent --fail --max-time 30 --header "@$scratch/header" --header 'Content-Type: application/json' "$@"
}

# comment COMMENTS ONE UPDATE AUTHOR: write the report to the comment of ours among COMMENTS, else to a new one.
comment() {
  python3 -I -c "$as_json" "$report" > "$scratch/body" || return
  page=1 ours=more
  while [ "$ours" = more ] && [ "$page" -le 30 ]; do
    ask "$1?per_page=100&page=$page" > "$scratch/page" || return
    ours=$(python3 -I -c "$find_ours" "$4" < "$scratch/page") || return
    page=$((page + 1))
  done
  case $ours in
    '' | more) ask --request POST --data-binary "@$scratch/body" "$1" > "$scratch/answer" ;;
    *) ask --request "$3" --data-binary "@$scratch/body" "$2/$ours" > "$scratch/answer" ;;
  esac
}

if [ -n "${TOKCOST_PR:-}" ] && [ -n "${GITHUB_TOKEN:-}" ]; then
  printf 'Authorization: Bearer %s\n' "$GITHUB_TOKEN" > "$scratch/header"
  issues=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues
  comment "$issues/$TOKCOST_PR/comments" "$issues/comments" PATCH - ||
    echo "tokcost: this job's token may not comment, as for requests from forks; the report is in the summary" >&2
elif [ -n "${CI_MERGE_REQUEST_IID:-}" ] && [ -n "${TOKCOST_GITLAB_TOKEN:-}" ]; then
  printf 'PRIVATE-TOKEN: %s\n' "$TOKCOST_GITLAB_TOKEN" > "$scratch/header"
  notes=$CI_API_V4_URL/projects/$CI_MERGE_REQUEST_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes
  me=$(ask "$CI_API_V4_URL/user" | python3 -I -c 'import json, sys; print(json.load(sys.stdin)["id"])' 2> "$scratch/error")
  { [ -n "$me" ] && comment "$notes" "$notes" PUT "$me"; } ||
    echo "tokcost: this token may not comment; the report is in the log" >&2
fi
exit "$code"
