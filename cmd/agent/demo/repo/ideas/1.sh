# Idea 1: many blanks become one dash.
cat > slug.sh <<'END'
# slug TITLE prints TITLE as it stands in an address.
slug() {
	printf '%s' "$1" | tr 'A-Z' 'a-z' | tr -s ' ' '-'
}
END
