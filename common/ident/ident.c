#include "ident/ident.h"

/* The one-shot HMAC() of OpenSSL 3 looks its algorithm up and allocates on every call,
 * which cost half of the door's time (2.5 us a hash).  The low-level functions do
 * neither; they are called old, not unsafe. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

/* Longer parts count as their own hash. */
#define PART_BYTES_MAX 1024
#define BLOCK_BYTES 64

static void
add_length(SHA256_CTX *sha, uint64_t len)
{
    unsigned char bytes[8];
    for (int i = 7; i >= 0; i--, len >>= 8)
        bytes[i] = (unsigned char)(len & 0xff);
    SHA256_Update(sha, bytes, sizeof(bytes));
}

/* RFC 2104: the key, hashed if it is longer than a block, padded and XORed with pad. */
static void
add_key(SHA256_CTX *sha, struct str key, unsigned char pad)
{
    unsigned char block[BLOCK_BYTES] = {0};
    if (key.len > BLOCK_BYTES)
        SHA256((const unsigned char *)key.ptr, key.len, block);
    else if (key.len > 0)
        memcpy(block, key.ptr, key.len);
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        block[i] ^= pad;
    SHA256_Init(sha);
    SHA256_Update(sha, block, BLOCK_BYTES);
}

void
ident_hmac(struct str salt, const struct str *parts, size_t n_parts,
           unsigned char ret_digest[32])
{
    SHA256_CTX sha;
    unsigned char inner[SHA256_DIGEST_LENGTH];
    add_key(&sha, salt, 0x36);
    for (size_t i = 0; i < n_parts; i++) {
        struct str part = parts[i];
        unsigned char digest[SHA256_DIGEST_LENGTH];
        add_length(&sha, part.len);
        if (part.len > PART_BYTES_MAX) {
            SHA256((const unsigned char *)part.ptr, part.len, digest);
            part = (struct str){(const char *)digest, sizeof(digest)};
        }
        if (part.len > 0)
            SHA256_Update(&sha, part.ptr, part.len);
    }
    SHA256_Final(inner, &sha);
    add_key(&sha, salt, 0x5c);
    SHA256_Update(&sha, inner, sizeof(inner));
    SHA256_Final(ret_digest, &sha);
}

struct str
ident_hex(struct arena *arena, const unsigned char *bytes, size_t n_bytes)
{
    static const char HEX[] = "0123456789abcdef";
    char *text = arena_alloc(arena, n_bytes * 2 + 1);
    for (size_t i = 0; i < n_bytes; i++) {
        text[2 * i] = HEX[bytes[i] >> 4];
        text[2 * i + 1] = HEX[bytes[i] & 15];
    }
    return (struct str){text, n_bytes * 2};
}

struct str
ident_customer_hash(struct arena *arena, struct str salt, struct str kind,
                    const struct str *values, size_t n_values)
{
    struct str parts[4] = {kind};
    BUG_IF(n_values > COUNT_OF(parts) - 1);
    for (size_t i = 0; i < n_values; i++)
        parts[i + 1] = values[i];
    unsigned char digest[32];
    ident_hmac(salt, parts, n_values + 1, digest);
    return ident_hex(arena, digest, IDENT_HASH_HEX / 2);
}

struct str
ident_customer_key(struct str customer_hash)
{
    BUG_IF(customer_hash.len < IDENT_KEY_HEX);
    return str_sub(customer_hash, 0, IDENT_KEY_HEX);
}

/* RFC 9562, 5.8: custom_a (48 bits), version 8, custom_b (12), variant 10, custom_c (62).
 */
static struct str
uuid8(struct arena *arena, struct str key_hex, const unsigned char digest[32])
{
    unsigned char tail[10];
    memcpy(tail, digest, sizeof(tail));
    tail[0] = (unsigned char)(0x80 | (tail[0] & 0x0f));
    tail[2] = (unsigned char)(0x80 | (tail[2] & 0x3f));
    struct str hex = ident_hex(arena, tail, sizeof(tail));
    char *text = arena_alloc(arena, IDENT_UUID_TEXT + 1);
    memcpy(text, key_hex.ptr, 8);
    memcpy(text + 9, key_hex.ptr + 8, 4);
    memcpy(text + 14, hex.ptr, 4);
    memcpy(text + 19, hex.ptr + 4, 4);
    memcpy(text + 24, hex.ptr + 8, 12);
    text[8] = text[13] = text[18] = text[23] = '-';
    return (struct str){text, IDENT_UUID_TEXT};
}

struct str
ident_complaint_id(struct arena *arena, struct str salt, struct str customer_hash,
                   struct str source, struct str complaint_ref)
{
    struct str parts[] = {STR("complaint"), customer_hash, source, complaint_ref};
    unsigned char digest[32];
    ident_hmac(salt, parts, COUNT_OF(parts), digest);
    return uuid8(arena, ident_customer_key(customer_hash), digest);
}

struct str
ident_key_of(struct arena *arena, struct str uuid)
{
    if (uuid.len != IDENT_UUID_TEXT)
        return STR_NULL;
    for (size_t i = 0; i < uuid.len; i++) {
        char c = uuid.ptr[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (dash ? c != '-' : !hex)
            return STR_NULL;
    }
    if (uuid.ptr[14] != '8' || !strchr("89ab", uuid.ptr[19]))
        return STR_NULL;
    return arena_printf(arena, "%.8s%.4s", uuid.ptr, uuid.ptr + 9);
}

static struct str
uuid_of(struct arena *arena, const struct str *parts, size_t n_parts)
{
    unsigned char digest[32];
    ident_hmac(STR("redress"), parts, n_parts, digest);
    struct str front = ident_hex(arena, digest + 16, IDENT_KEY_HEX / 2);
    return uuid8(arena, front, digest);
}

struct str
ident_event_id(struct arena *arena, struct str source, struct str ce_id)
{
    struct str parts[] = {STR("event"), source, ce_id};
    return uuid_of(arena, parts, COUNT_OF(parts));
}

struct str
ident_child_id(struct arena *arena, struct str cause, struct str what, int64_t n,
               int64_t due_ms)
{
    struct str numbers =
        arena_printf(arena, "%lld/%lld", (long long)n, (long long)due_ms);
    struct str parts[] = {STR("child"), cause, what, numbers};
    return uuid_of(arena, parts, COUNT_OF(parts));
}

struct str
ident_cluster_key(struct arena *arena, struct str salt, struct str product,
                  struct str issue)
{
    struct str parts[] = {STR("cluster"), product, issue};
    unsigned char digest[32];
    ident_hmac(salt, parts, COUNT_OF(parts), digest);
    return ident_hex(arena, digest, IDENT_KEY_HEX / 2);
}

struct str
ident_cluster_id(struct arena *arena, struct str cluster_key, struct str what, int64_t n)
{
    struct str number = arena_printf(arena, "%lld", (long long)n);
    struct str parts[] = {STR("cluster-id"), cluster_key, what, number};
    unsigned char digest[32];
    ident_hmac(STR("redress"), parts, COUNT_OF(parts), digest);
    BUG_IF(cluster_key.len != IDENT_KEY_HEX);
    return uuid8(arena, cluster_key, digest);
}
