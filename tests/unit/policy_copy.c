#include "policy_copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TRAINED "tests/scenario/policies/trained"
static const char *const NAMES[] = {
    "models.json",
    "models/kind.model",
    "models/product.model",
    "models/severity.model",
    "models/sentiment.model",
    "models/double_deviation.model",
    "models/desired_remedy.model",
};
static const char *const LINKED[] = {"rules.json", "taxonomy.json"};

static void
path_of(const struct policy_copy *copy, const char *name, char ret[160])
{
    (void)snprintf(ret, 160, "%s/%s", copy->dir, name);
}

void
policy_copy_open(struct policy_copy *copy)
{
    char path[160];
    char shipped[600];
    char here[512];
    (void)snprintf(copy->dir, sizeof(copy->dir), "/tmp/policy-copy-XXXXXX");
    assert_non_null(mkdtemp(copy->dir));
    assert_non_null(getcwd(here, sizeof(here)));
    for (size_t i = 0; i < COUNT_OF(LINKED); i++) {
        path_of(copy, LINKED[i], path);
        (void)snprintf(shipped, sizeof(shipped), "%s/deploy/policy/%s", here, LINKED[i]);
        assert_int_equal(symlink(shipped, path), 0);
    }
    path_of(copy, "models", path);
    assert_int_equal(mkdir(path, 0700), 0);
}

void
policy_copy_close(struct policy_copy *copy)
{
    char path[160];
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        path_of(copy, NAMES[i], path);
        (void)unlink(path);
    }
    for (size_t i = 0; i < COUNT_OF(LINKED); i++) {
        path_of(copy, LINKED[i], path);
        (void)unlink(path);
    }
    path_of(copy, "models", path);
    (void)rmdir(path);
    (void)rmdir(copy->dir);
}

void
policy_copy_put(const struct policy_copy *copy, const char *name, struct str bytes)
{
    char path[160];
    path_of(copy, name, path);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, out), bytes.len);
    assert_int_equal(fclose(out), 0);
}

size_t
policy_copy_read(const char *name, char *bytes, size_t size)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/%s", TRAINED, name);
    FILE *in = fopen(path, "rb");
    if (!in)
        fail_msg("%s is not there; the tests run from the top of the sources", path);
    size_t n = fread(bytes, 1, size, in);
    (void)fclose(in);
    return n;
}

void
policy_copy_trained(const struct policy_copy *copy)
{
    static char bytes[65536];
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        size_t n = policy_copy_read(NAMES[i], bytes, sizeof(bytes));
        policy_copy_put(copy, NAMES[i], (struct str){bytes, n});
    }
}
