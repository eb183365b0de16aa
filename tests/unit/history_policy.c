/* Policy files whose objects have their keys in another order. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "history_rig.h"

static json_t *
shuffled(const json_t *json, uint64_t *random)
{
    if (json_is_array(json)) {
        json_t *copy = json_array();
        for (size_t i = 0; i < json_array_size(json); i++)
            json_array_append_new(copy, shuffled(json_array_get(json, i), random));
        return copy;
    }
    if (!json_is_object(json))
        return json_deep_copy(json);
    const char *keys[256];
    const char *key;
    json_t *value;
    size_t n = 0;
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        assert_true(n < COUNT_OF(keys));
        keys[n++] = key;
    }
    json_t *copy = json_object();
    for (; n > 0; n--) {
        size_t i = (size_t)((history_random(random) >> 20) % n);
        json_object_set_new(copy, keys[i],
                            shuffled(json_object_get(json, keys[i]), random));
        keys[i] = keys[n - 1];
    }
    return copy;
}

static void
copy_file(const char *from, const char *to, uint64_t *random)
{
    const char *dot = strrchr(from, '.');
    json_error_t error;
    if (dot && strcmp(dot, ".json") == 0) {
        json_t *json = json_load_file(from, JSON_REJECT_DUPLICATES, &error);
        assert_non_null(json);
        json_t *copy = shuffled(json, random);
        assert_int_equal(json_dump_file(copy, to, JSON_INDENT(1)), 0);
        json_decref(copy);
        json_decref(json);
        return;
    }
    char bytes[8192];
    size_t n = 0;
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    fclose(out);
}

void
history_policy_copy(const char *from, const char *to, uint64_t *random)
{
    struct stat info;
    assert_int_equal(stat(from, &info), 0);
    if (!S_ISDIR(info.st_mode)) {
        copy_file(from, to, random);
        return;
    }
    DIR *dir = opendir(from);
    assert_non_null(dir);
    (void)mkdir(to, 0700);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char source[1024];
        char target[1024];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(source, sizeof(source), "%s/%s", from, entry->d_name);
        snprintf(target, sizeof(target), "%s/%s", to, entry->d_name);
        history_policy_copy(source, target, random);
    }
    closedir(dir);
}

void
history_policy_remove(const char *path)
{
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char inner[1024];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (unlink(inner) != 0)
            history_policy_remove(inner);
    }
    closedir(dir);
    assert_int_equal(rmdir(path), 0);
}
