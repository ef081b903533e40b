// Package nearest finds what a mistyped name probably meant, for error messages.
//
// It promises an answer only where it is close enough to be helpful, in time bounded by [MaxLength].
package nearest

import "strings"

// MaxLength bounds the names for which candidates are looked for: comparing takes time and memory of its square.
const MaxLength = 64

// Name returns the candidate that a mistyped name most probably means: one that differs in case only, or in at most a third
// of its letters.
func Name(name string, candidates []string) (string, bool) {
	if len(name) > MaxLength {
		return "", false
	}
	best, bestDistance := "", 0
	for _, candidate := range candidates {
		distance := editDistance(strings.ToLower(name), strings.ToLower(candidate))
		if distance <= max(len(name), len(candidate))/3 && (best == "" || distance < bestDistance) {
			best, bestDistance = candidate, distance
		}
	}
	return best, best != ""
}

// editDistance returns the number of letters to insert, remove, replace or swap with the next to get from a to b (optimal string
// alignment).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(replace, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
