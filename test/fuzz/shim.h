/* shim.h: what the fuzz target asks of shim.c; see there. */
#ifndef SHARING_GUARD_FUZZ_SHIM_H
#define SHARING_GUARD_FUZZ_SHIM_H

/* Where the answers to queries are; NULL: print the queries. */
extern const char *shim_queries_dir;
extern int	shim_encoding;

/* What is allocated between the two does not stay. */
extern void shim_begin(void);
extern void shim_end(void);

#endif							/* SHARING_GUARD_FUZZ_SHIM_H */
