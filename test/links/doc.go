// Package links proves that links between the pages of the documentation lead somewhere. It looks at no address outside this
// repository. It has nothing but tests.
package links
