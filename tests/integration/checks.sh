# checks.sh - for the parts that compare what a person would see; to be sourced.
# Counts in passed and failed.
passed=0 failed=0
is() { # is TEXT EXPECTED GOT
    if [ "$2" = "$3" ]; then
        echo "ok      $1"
        passed=$((passed + 1))
    else
        printf 'FAILED  %s\n        expected %s\n        got      %s\n' "$1" "$2" "$3"
        failed=$((failed + 1))
    fi
}
like() { # like TEXT PATTERN GOT
    if grep -qE -- "$2" <<<"$3"; then is "$1" yes yes; else is "$1" "$2" "$3"; fi
}
