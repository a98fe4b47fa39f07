#!/usr/bin/env bash
# The whole life of a project, by curl alone: everything that the pages do, a program can do as well.
#
#   HUB_URL=https://hub.example.org HUB_PASSWORD=… HUB_REPOSITORIES=/srv/repositories examples/project_life.sh
#
# HUB_REPOSITORIES is a folder on the hub's machine that HUB_LOCAL_REPOSITORY_ROOTS names; the script makes a git
# repository there. Set HUB_GIT_URL instead to use one of yours that holds greet.yml. Everything is deleted in the end.
set -euo pipefail
umask 077

hub=${HUB_URL:-http://127.0.0.1:3000}
login=${HUB_LOGIN:-admin}
password=${HUB_PASSWORD:?Set HUB_PASSWORD to the password of $login.}
work=$(mktemp -d)
project=''

say() { printf '\n== %s\n' "$*"; }

# One request: METHOD PATH, with the body on standard input where there is one. Secrets stay out of the list of processes.
call() {
  local body=()
  [ -t 0 ] || [ "$1" = GET ] || [ "$1" = DELETE ] || body=(--header 'Content-Type: application/json' --data-binary @-)
  curl --silent --show-error --fail-with-body --config "$work/curl" --request "$1" "${body[@]}" "$hub/api$2"
}

# The first member of this name in the JSON on standard input. For anything deeper, use jq.
member() { sed -E "s/.*[{,]\"$1\":(\"([^\"]*)\"|([^,}]*)).*/\2\3/; t; d" <<<"$(sed -E "s/(\"$1\":(\"[^\"]*\"|[^,}]*)).*/\1}/")"; }

clean_up() {
  local status=$?
  set +e
  if [ -n "$project" ]; then
    say 'Clean up'
    call DELETE "/project/$project" </dev/null && echo "Project $project is gone."
  fi
  [ -n "${token:-}" ] && call DELETE "/user/tokens/$token" </dev/null
  [ -n "${HUB_REPOSITORIES:-}" ] && rm -rf "$HUB_REPOSITORIES/project-life-$$"
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT

# Print the lines of a task as they are written, and return when it has ended.
follow() {
  local event='' line text
  curl --silent --show-error --no-buffer --config "$work/curl" "$hub/api/project/$project/tasks/$1/stream" |
    while IFS= read -r line; do
      case $line in
        'event: '*) event=${line#event: } ;;
        'data: '*)
          if [ "$event" = lines ]; then
            text=${line##*'"text":"'}
            printf '%b\n' "${text%'"}'}"
          fi ;;
      esac
    done
  [ "$(call GET "/project/$project/tasks/$1" | member status)" = success ] || { echo "Task $1 failed."; exit 1; }
}

say 'Sign in, and take a token for the rest'
printf 'cookie-jar = "%s"\ncookie = "%s"\n' "$work/jar" "$work/jar" >"$work/curl"
printf '{"auth": "%s", "password": "%s"}' "$login" "$password" | call POST /auth/login
token=$(call POST /user/tokens </dev/null | member id)
call POST /auth/logout </dev/null
printf 'header = "Authorization: Bearer %s"\n' "$token" >"$work/curl"
echo "Signed in to $hub as $login."

if [ -z "${HUB_GIT_URL:-}" ]; then
  HUB_GIT_URL=${HUB_REPOSITORIES:?Set HUB_REPOSITORIES or HUB_GIT_URL.}/project-life-$$
  mkdir -p "$HUB_GIT_URL"
  cat >"$HUB_GIT_URL/greet.yml" <<'PLAYBOOK'
- hosts: all
  gather_facts: false
  tasks:
    - name: Greet
      ansible.builtin.debug:
        msg: "Hello {{ who }}, this is {{ team }}"
PLAYBOOK
  git -C "$HUB_GIT_URL" init --quiet --initial-branch main
  git -C "$HUB_GIT_URL" add greet.yml
  git -C "$HUB_GIT_URL" -c user.name=Example -c user.email=example@localhost commit --quiet -m 'Greet'
fi

say 'A project with what a template needs'
project=$(call POST /projects <<<'{"name": "Life of a project"}' | member id)
secret=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
none=$(call POST "/project/$project/keys" <<JSON | member id
{"project_id": $project, "name": "No key", "type": "none"}
JSON
)
key=$(call POST "/project/$project/keys" <<JSON | member id
{"project_id": $project, "name": "Secret of the webhook", "type": "login_password",
 "login_password": {"login": "webhook", "password": "$secret"}}
JSON
)
repository=$(call POST "/project/$project/repositories" <<JSON | member id
{"project_id": $project, "name": "Code", "git_url": "$HUB_GIT_URL", "git_branch": "main", "ssh_key_id": $none}
JSON
)
inventory=$(call POST "/project/$project/inventory" <<JSON | member id
{"project_id": $project, "name": "This machine", "type": "static", "ssh_key_id": $none,
 "inventory": "localhost ansible_connection=local"}
JSON
)
environment=$(call POST "/project/$project/environment" <<JSON | member id
{"project_id": $project, "name": "Team", "json": "{\"team\": \"the hub\"}", "env": "{}"}
JSON
)
template=$(call POST "/project/$project/templates" <<JSON | member id
{"project_id": $project, "name": "Greet", "app": "ansible", "playbook": "greet.yml", "inventory_id": $inventory,
 "repository_id": $repository, "environment_id": $environment,
 "survey_vars": [{"name": "who", "title": "Whom to greet", "type": "", "required": true}]}
JSON
)
echo "Project $project, repository $repository, inventory $inventory, environment $environment, template $template."

say 'Run it, and follow its log'
task=$(call POST "/project/$project/tasks" <<JSON | member id
{"template_id": $template, "environment": "{\"who\": \"world\"}", "message": "By curl"}
JSON
)
follow "$task"

say 'Run it every night'
schedule=$(call POST "/project/$project/schedules" <<JSON | member id
{"project_id": $project, "template_id": $template, "name": "Nightly", "cron_format": "0 3 * * *", "active": true,
 "task_params": {"environment": "{\"who\": \"night\"}"}}
JSON
)
echo "Schedule $schedule runs next at $(call GET "/project/$project/schedules/$schedule" | member next_run_at)."

say 'Run it by a signed webhook'
integration=$(call POST "/project/$project/integrations" <<JSON | member id
{"project_id": $project, "template_id": $template, "name": "From outside", "auth_method": "hmac",
 "auth_header": "X-Signature", "auth_secret_id": $key}
JSON
)
call POST "/project/$project/integrations/$integration/values" >"$work/value" <<JSON
{"integration_id": $integration, "name": "who", "value_source": "body", "body_data_type": "json", "key": "sender.name",
 "variable": "who", "variable_type": "environment"}
JSON
address=$(call POST "/project/$project/integrations/$integration/aliases" </dev/null | member url)
printf '{"sender": {"name": "webhook"}}' >"$work/body"
signature=$(openssl dgst -sha256 -hmac "$secret" -r "$work/body" | cut -d ' ' -f 1)
curl --silent --show-error --fail-with-body --dump-header "$work/headers" --data-binary "@$work/body" \
  --header "X-Signature: $signature" "$hub/api/integrations/${address##*/}"
task=$(sed -n -E 's/^X-Semaphore-Task-ID: ([0-9]+).*/\1/Ip' "$work/headers")
echo "The webhook started task $task."
follow "$task"

say 'Keep a copy of the project'
if call GET "/project/$project/backup" >"$work/backup.json" 2>"$work/fault"; then
  echo "The backup has $(wc -c <"$work/backup.json") bytes."
else
  echo "This hub makes no backups over the API: $(cat "$work/fault")"
fi
