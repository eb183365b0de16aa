/* mapping_file.h - a mapping as read from its file: mapping.c fills it, mapping_apply.c
 * goes by it.  Private to these two.  Thread rule: const once it is loaded. */
#ifndef REDRESS_CTL_MAPPING_FILE_H
#define REDRESS_CTL_MAPPING_FILE_H

#include "conf/policy.h"
#include "ctl/mapping.h"

/* "MM/DD/YYYY" and its kin: what exports hold. */
enum time_form { TIME_ISO, TIME_MDY, TIME_DMY, TIME_UNIX };

struct mapping {
    struct policy_doc doc;
    struct policy_node tables;
    struct policy_node events; /* array; json NULL: the built-in mapping */
    json_t *source_spec;       /* borrowed                               */
    char source[256];          /* --source, "" if not given              */
    enum rows_format format;
    bool sorts;
    enum time_form time_form;
    int64_t zone_ms; /* of times without a zone */
};

#endif
