/* redact.h - takes out of free text what must never be stored: payment cards, Chinese
 * resident ids, bank accounts.
 *
 * A number goes only if its check digits hold, so order numbers and dates stay.  Digits
 * may be full width and grouped by spaces, hyphens or dots.  One pass, linear time: from
 * each group of digits a bounded number of characters is looked at. Thread rule: pure. */
#ifndef REDRESS_INTAKE_REDACT_H
#define REDRESS_INTAKE_REDACT_H

#include "base/arena.h"
#include "base/base.h"

/* What stands in the place of a number. */
#define REDACT_CARD "[card]"
#define REDACT_RESIDENT "[resident-id]"
#define REDACT_IBAN "[iban]"

/* Valid UTF-8 in; the same view if nothing was found, else a shorter copy in the arena.
 * Cards: 13-19 digits, Luhn (ISO/IEC 7812-1), first digit 3-9 or 22-27 of the ranges in
 * use, in one piece or in the groups printed on cards.  Resident ids: GB 11643-1999, 18
 * places with a date, check character by ISO 7064 MOD 11-2.  IBANs: ISO 13616, the length
 * of their country, mod 97 = 1. */
struct str redact_text(struct arena *arena, struct str text);

#endif
