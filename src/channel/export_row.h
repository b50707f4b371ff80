/*-------------------------------------------------------------------------
 *
 * export_row.h
 *		The channel of export tables: every row written to one is a
 *		disclosure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHARING_GUARD_EXPORT_ROW_H
#define SHARING_GUARD_EXPORT_ROW_H

/* Called once, at library load. */
extern void sg_export_row_init(void);

#endif							/* SHARING_GUARD_EXPORT_ROW_H */
