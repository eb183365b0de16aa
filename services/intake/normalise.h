/* normalise.h - one form for what people write in many: text, identifiers, e-mail, phone.
 *
 * Stored text is NFC without control characters (tab and newline stay); only identifiers
 * are folded further (NFKC, case), for comparing and hashing, never for storing.
 * ASCII and everyday CJK text never reach ICU.
 * All input is valid UTF-8, results are views into the input or the arena.
 * Thread rule: pure. */
#ifndef REDRESS_INTAKE_NORMALISE_H
#define REDRESS_INTAKE_NORMALISE_H

#include "base/arena.h"
#include "base/base.h"

/* NFC; control characters (C0, DEL, C1) but tab and newline go, U+FFFD for a NUL stays,
 * bidirectional and zero-width characters stay. Null stays null. */
struct str normalise_text(struct arena *arena, struct str text);
/* A publisher's number for something: NFKC, trimmed; case is kept, since some systems
 * tell two customers apart by it. */
struct str normalise_id(struct arena *arena, struct str id);
/* NFKC and full case folding (Unicode NFKC_Casefold), trimmed. */
struct str normalise_fold(struct arena *arena, struct str text);
/* Folded, without a leading "@" (and without what ICU drops: characters of no width). */
struct str normalise_handle(struct arena *arena, struct str handle);
/* Folded, without "mailto:". False if it cannot be an address ("none", "n/a"): then it
 * names nobody. */
MUST_CHECK bool normalise_email(struct arena *arena, struct str email, struct str *ret);
/* E.164 with "+": digits of any width, blanks and brackets in any place, extensions cut;
 * a national number gets the code of the region (ISO 3166 alpha-2). False if it cannot be
 * a number of a person (too short, too long, all the same digit). */
MUST_CHECK bool normalise_phone(struct arena *arena, struct str phone, struct str region,
                                struct str *ret);

#endif
