# Idea 3: let the shell split the words.
cat > slug.sh <<'END'
# slug TITLE prints TITLE as it stands in an address.
slug() {
	(
		set -f
		set -- $1
		IFS=-
		printf '%s' "$*" | tr 'A-Z' 'a-z'
	)
}
END
