/*-------------------------------------------------------------------------
 *
 * rule_index.h
 *		Finds the rules that a disclosure can match, for the policy room only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_RULE_INDEX_H
#define SHARING_GUARD_RULE_INDEX_H

#include "policy/rules/compiled.h"

/* Makes the index of some rules, in CurrentMemoryContext. */
extern RuleIndex *sg_rule_index_make(const Rule *rules, int nrules);

/*
 * Returns the numbers of all rules that a disclosure to these agencies, for a
 * purpose with these tags, can match, each once; palloc'd.
 */
extern int *sg_rule_index_find(const RuleIndex *index,
							   const char *const *agencies, int nagencies,
							   const WordList *tags, int *count);

/* Does any rule ask for this tag? */
extern bool sg_rule_index_has_tag(const RuleIndex *index, TextSlice tag);

#endif							/* SHARING_GUARD_RULE_INDEX_H */
