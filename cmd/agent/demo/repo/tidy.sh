# tidy.sh takes blanks from the ends of lines; tidy.sh --check only looks for them.
if [ "$1" = --check ]; then
	if grep -n '[[:blank:]]$' NOTES.md; then
		echo 'NOTES.md has blanks at the ends of these lines'
		exit 1
	fi
	exit 0
fi
sed 's/[[:blank:]]*$//' NOTES.md > NOTES.new && mv NOTES.new NOTES.md
