-- Names that people introduce themselves with, also where a sentence begins with it.
CREATE OR REPLACE FUNCTION mask_text(said text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(said,
        '[[:alnum:]._%+-]+@[[:alnum:]-]+(\.[[:alnum:]-]+)+', '[e-mail]', 'g'),
        '(^|[^[:alnum:]/])@[[:alnum:]_.]{2,}', '\1[handle]', 'g'),
        '\m(https?://|www\.)[^[:space:]]+', '[link]', 'gi'),
        '\+?[0-9０-９]([ ./()-]{0,2}[0-9０-９]){5,}', '[number]', 'g'),
        '(\m[Mm]y name is |\m[Mm]y name''s |\mI am called |我叫|我的名字是|本人姓名[：:]?)[[:space:]]*([[:upper:]][[:alpha:]''-]*([[:space:]][[:upper:]][[:alpha:]''-]*){0,3}|[一-龥]{2,4})',
        '\1[name]', 'g');
