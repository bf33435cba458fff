# bash completion for shmpub(1): commands, options, and the names of feeds of the instance that the
# line names.

_shmpub_feeds() {
	# Pass on the options that say where to look. If the instance cannot be read, there are no names.
	local i where=()
	for ((i = 1; i < ${#COMP_WORDS[@]}; i++)); do
		case ${COMP_WORDS[i]} in
		-i | --instance | -d | --directory | --owner)
			where+=("${COMP_WORDS[i]}")
			# bash splits "--instance=x" at the "=".
			[ "${COMP_WORDS[i + 1]-}" = = ] && i=$((i + 1))
			where+=("${COMP_WORDS[i + 1]-}")
			i=$((i + 1))
			;;
		-i?* | -d?*) where+=("${COMP_WORDS[i]}") ;;
		esac
	done
	# Names need no quoting: letters, digits, "_", "." and "-".
	"$1" "${where[@]}" ls --json 2>/dev/null | sed -n 's/^{"feed":"\([A-Za-z0-9_.-]*\)".*/\1/p'
}

# The first word that is neither an option nor an option's value.
_shmpub_command() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-i | --instance | -d | --directory | --owner | --format | --head | --max-age | --interval | --set | --save)
			[ "${COMP_WORDS[i + 1]-}" = = ] && i=$((i + 1))
			i=$((i + 1))
			;;
		-* | =) ;;
		*)
			printf '%s\n' "${COMP_WORDS[i]}"
			return
			;;
		esac
	done
}

_shmpub() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command words=
	if [ "$word" = = ]; then
		word=
	elif [ "$before" = = ]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	COMPREPLY=()
	case $before in
	-d | --directory)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	--format)
		words="csv json arrow"
		;;
	--save)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	-i | --instance | --owner | --head | --max-age | --interval | --set) return ;;
	*)
		command=$(_shmpub_command)
		case $command:$word in
		:-*) words="-i --instance -d --directory --owner --help --version" ;;
		:*) words="ls info cat watch top verify health refresh up down service metrics" ;;
		info:-*) words="--holders --json" ;;
		ls:-* | watch:-*) words="--json" ;;
		cat:-*) words="--format --head --follow" ;;
		health:-*) words="--max-age" ;;
		refresh:-*) words="--no-wait" ;;
		up:-*) words="--detach --interval --set --save" ;;
		service:*) words="install uninstall status" ;;
		up:*)
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			return
			;;
		info:* | cat:* | watch:* | verify:* | health:* | refresh:*) words=$(_shmpub_feeds "$1") ;;
		esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _shmpub shmpub
