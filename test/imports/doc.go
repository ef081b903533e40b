// Package imports proves the one-way dependencies between Starling's packages: for what each package imports itself and
// for all that comes with it.
//
// golangci-lint's depguard says the same at the line that breaks a rule, but looks only at a file's own imports and runs
// only in `make lint`. This package has nothing but tests.
package imports
