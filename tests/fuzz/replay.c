/* Hands each file given as an argument to the fuzzer's entry: a corpus without
 * libFuzzer.  A folder stands for the files in it. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX ((size_t)8 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t n_files;

static int
replay_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    if (!in) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    /* Memory of the input's own size lets ASan see a read behind its end. */
    char *bytes = malloc(FILE_BYTES_MAX);
    size_t size = bytes ? fread(bytes, 1, FILE_BYTES_MAX, in) : 0;
    fclose(in);
    uint8_t *data = malloc(size ? size : 1);
    if (!bytes || !data) {
        fprintf(stderr, "%s: out of memory\n", path);
        exit(1);
    }
    memcpy(data, bytes, size);
    free(bytes);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    n_files++;
    return 0;
}

static int
replay(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return replay_file(path);
    DIR *dir = opendir(path);
    int bad = dir ? 0 : 1;
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        char inner[4096];
        int n = snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof(inner))
            bad |= replay_file(inner);
    }
    if (dir)
        closedir(dir);
    return bad;
}

int
main(int argc, char **argv)
{
    int bad = 0;
    for (int i = 1; i < argc; i++)
        bad |= replay(argv[i]);
    printf("%s: %zu inputs replayed\n", argv[0], n_files);
    return bad || n_files == 0;
}
