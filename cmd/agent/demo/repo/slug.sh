# slug TITLE prints TITLE as it stands in an address.
slug() {
	printf '%s' "$1" | tr 'A-Z' 'a-z' | tr ' ' '-'
}
