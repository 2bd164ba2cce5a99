. ./slug.sh

failed=0

# want TITLE SLUG
want() {
	got=$(slug "$1")
	if [ "$got" = "$2" ]; then
		echo "ok    '$1'"
	else
		echo "FAIL  '$1' gives '$got', not '$2'"
		failed=1
	fi
}

want 'Hello World' 'hello-world'
want 'Go 1.26' 'go-1.26'
want '  spaced   out ' 'spaced-out'
exit $failed
