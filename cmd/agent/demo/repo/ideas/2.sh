# Idea 2: the same, and no dash at either end.
cat > slug.sh <<'END'
# slug TITLE prints TITLE as it stands in an address.
slug() {
	printf '%s' "$1" | tr 'A-Z' 'a-z' | tr -s ' ' '-' | sed 's/^-//; s/-$//'
}
END
