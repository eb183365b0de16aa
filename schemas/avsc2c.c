/* avsc2c - C structs and codecs from Avro schemas.
 *
 *   avsc2c -o OUTDIR schemas/<name>.avsc... [schemas/history/<name>.<n>.avsc...]
 *       writes OUTDIR/<name>.h and .c for each, and wire_all.[ch], the list of records; a
 *       file that would not change is not touched, another is replaced in one step.
 *   avsc2c -p NAME schemas/<name>.avsc...
 *       prints the complete schema of one type (what schemas/history/ keeps).
 *   avsc2c -f schemas/<name>.avsc...
 *       prints "<fingerprint> <name> root|part" of every record; a part is inside
 * another.
 *
 * The mapping is described in schemas/README.md. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "avsc2c.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
die(const char *file, const char *fmt, ...)
{
    fprintf(stderr, "avsc2c: %s: ", file);
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

char *
format(const char *fmt, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, fmt);
    int n = vasprintf(&text, fmt, args);
    va_end(args);
    if (n < 0)
        die("-", "out of memory");
    return text;
}

/* Whether the file holds these bytes already. */
static bool
is_same(const char *path, const char *bytes, size_t len)
{
    FILE *in = fopen(path, "rb");
    if (!in)
        return false;
    char *old = malloc(len + 1);
    size_t n = old ? fread(old, 1, len + 1, in) : 0;
    fclose(in);
    bool same = old && n == len && memcmp(old, bytes, len) == 0;
    free(old);
    return same;
}

static void
replace_file(const char *path, const char *bytes, size_t len)
{
    if (is_same(path, bytes, len))
        return;
    char *temporary = format("%s.%ld", path, (long)getpid());
    FILE *out = fopen(temporary, "wb");
    if (!out || fwrite(bytes, 1, len, out) != len || fclose(out) != 0 ||
        rename(temporary, path) != 0)
        die(path, "cannot write: %s", strerror(errno));
}

/* named == NULL: the list of all records. */
static void
write_type(struct schemas *all, const struct named *named, const char *out_dir)
{
    for (int part = 0; part < 2; part++) {
        char *bytes = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&bytes, &len);
        if (!out)
            die("-", "out of memory");
        if (!named)
            (part == 0 ? emit_list_header : emit_list_source)(out, all);
        else if (part == 0)
            emit_header(out, named);
        else
            emit_source(out, all, named);
        fclose(out);
        const char *name = named ? named->c_name : "wire_all";
        replace_file(format("%s/%s.%c", out_dir, name, part == 0 ? 'h' : 'c'), bytes,
                     len);
    }
}

/* <name>.<n>.avsc */
static bool
is_history(const char *path)
{
    const char *base = strrchr(path, '/');
    base = base ? base + 1 : path;
    const char *dot = strchr(base, '.');
    return dot && isdigit((unsigned char)dot[1]);
}

static void
print_one(struct schemas *all, const char *c_name)
{
    for (size_t i = 0; i < all->n_types; i++) {
        if (strcmp(all->types[i].c_name, c_name) == 0) {
            puts(schema_complete(all, &all->types[i]));
            return;
        }
    }
    die(c_name, "no such type");
}

static void
print_fingerprints(struct schemas *all)
{
    for (size_t i = 0; i < all->n_types; i++) {
        const struct named *named = &all->types[i];
        json_t *complete = json_loads(schema_complete(all, named), JSON_DECODE_ANY, NULL);
        if (named->kind == TYPE_RECORD)
            printf("%016" PRIx64 " %s %s\n", schema_fingerprint(complete), named->c_name,
                   named->is_part ? "part" : "root");
    }
}

int
main(int argc, char **argv)
{
    static struct schemas all;
    const char *out_dir = NULL;
    const char *print_name = NULL;
    bool fingerprints = false;
    for (int option; (option = getopt(argc, argv, "o:p:f")) != -1;) {
        if (option == 'o')
            out_dir = optarg;
        else if (option == 'p')
            print_name = optarg;
        else if (option == 'f')
            fingerprints = true;
        else
            return 2;
    }
    if (optind == argc || (!out_dir && !print_name && !fingerprints)) {
        fprintf(stderr, "usage: avsc2c -o OUTDIR | -p NAME | -f  FILE.avsc...\n");
        return 2;
    }
    for (int i = optind; i < argc; i++)
        if (!is_history(argv[i]))
            schemas_add_file(&all, argv[i]);
    schemas_resolve(&all);
    for (int i = optind; i < argc; i++)
        if (is_history(argv[i]))
            schemas_add_history(&all, argv[i]);

    if (print_name)
        print_one(&all, print_name);
    if (fingerprints)
        print_fingerprints(&all);
    if (out_dir && mkdir(out_dir, 0777) != 0 && errno != EEXIST)
        die(out_dir, "cannot make: %s", strerror(errno));
    for (size_t i = 0; out_dir && i < all.n_types; i++)
        write_type(&all, &all.types[i], out_dir);
    if (out_dir)
        write_type(&all, NULL, out_dir);
    return 0;
}
