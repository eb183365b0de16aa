/* language.h - zh, en or other, by script and by common words.
 *
 * Good enough to pick rules and templates; a trained model may decide instead later.
 * Looks at the first LANGUAGE_LOOK_BYTES only.  Pure; any thread. */
#ifndef REDRESS_CLASSIFICATION_LANGUAGE_H
#define REDRESS_CLASSIFICATION_LANGUAGE_H

#include "base/base.h"

#define LANGUAGE_LOOK_BYTES 512

/* "zh", "en" or "other" for folded text; null for text without letters. Static. */
struct str language_of(struct str folded);

/* What upstream said ("zh-CN", "English", "中文") as "zh", "en" or "other"; null for
 * none. */
struct str language_said(struct str said);

#endif
