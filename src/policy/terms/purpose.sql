
-- The tags of purposes, and the words that give them.

CREATE TABLE sharing_guard.purpose_term (
    term text NOT NULL,
    tag text NOT NULL,
    match text NOT NULL CONSTRAINT purpose_term_match CHECK (match IN
        ('word', 'phrase', 'prefix', 'code', 'exception')),
    language text NOT NULL DEFAULT 'en',
    note text,
    enabled boolean NOT NULL DEFAULT true,
    pack text,
    PRIMARY KEY (term, tag, match)
);
COMMENT ON TABLE sharing_guard.purpose_term IS
'Words that give a purpose its tags; a tag says that such words were found, and never that anybody did wrong';
COMMENT ON COLUMN sharing_guard.purpose_term.term IS
'The words; case, accents and punctuation do not matter, except in a code. A word of eight letters or more (six in a phrase, ten where the tag is vague_purpose or no_purpose) is also recognized with one letter wrong, missing, added, or exchanged with its neighbor, unless the misspelt word is itself a word of some term';
COMMENT ON COLUMN sharing_guard.purpose_term.tag IS
'The tag that they give. Terms of the tag vague_purpose are vague: the purpose gets the tag where it has only such words and numbers. Terms of the tag no_purpose have no meaning: the purpose gets the tag where it has only such words, or none';
COMMENT ON COLUMN sharing_guard.purpose_term.match IS
'word: one whole word; phrase: words in this order; prefix: the beginning of a word; code: every character except case and blanks, such as 287(g); exception: where these words stand in one sentence, a term that shares one of them does not give the tag, unless it has all of them and more';
COMMENT ON COLUMN sharing_guard.purpose_term.language IS
'Language of the term';
COMMENT ON COLUMN sharing_guard.purpose_term.note IS
'The reason for the term';
COMMENT ON COLUMN sharing_guard.purpose_term.enabled IS
'False: kept, but not used';
COMMENT ON COLUMN sharing_guard.purpose_term.pack IS
'The policy pack that brought the row; NULL: entered here';
SELECT pg_catalog.pg_extension_config_dump('sharing_guard.purpose_term', '');

SELECT sharing_guard.is_policy_table('purpose_term', 'match', 'tag', 'term');

CREATE FUNCTION sharing_guard.purpose_words(purpose text) RETURNS text[]
    AS 'MODULE_PATHNAME', 'sg_sql_purpose_words'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION sharing_guard.purpose_words(text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.purpose_words(text) IS
'The words of a purpose in the form that the tagger reads';

CREATE FUNCTION sharing_guard.check_purpose_term(term text, tag text, match text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    words text[] := sharing_guard.purpose_words(term);
BEGIN
    PERFORM sharing_guard.check_word(format('purpose term "%s"', term), 'match', match,
        '{word,phrase,prefix,code,exception}');
    IF tag !~ '^[a-z][a-z0-9_]*$' THEN
        RAISE EXCEPTION 'tag "%" is not made of small letters, digits and underscores', tag
            USING ERRCODE = 'check_violation',
                  HINT = 'For example: immigration_possible.';
    END IF;
    IF cardinality(words) = 0 THEN
        RAISE EXCEPTION 'purpose term "%" has no letters or digits', term
            USING ERRCODE = 'check_violation';
    END IF;
    IF match IN ('word', 'prefix') AND cardinality(words) <> 1 THEN
        RAISE EXCEPTION 'purpose term "%" is read as % words, so it cannot match as a %',
                term, cardinality(words), match
            USING ERRCODE = 'check_violation',
                  HINT = 'Use the match phrase.';
    END IF;
    IF match = 'phrase' AND cardinality(words) = 1 THEN
        RAISE EXCEPTION 'purpose term "%" is read as one word, so it cannot match as a phrase', term
            USING ERRCODE = 'check_violation',
                  HINT = 'Use the match word.';
    END IF;
    IF match = 'prefix' AND length(words[1]) < 4 THEN
        RAISE EXCEPTION 'purpose term "%" is too short for a prefix', term
            USING ERRCODE = 'check_violation',
                  DETAIL = 'A prefix of fewer than four letters begins too many harmless words.',
                  HINT = 'Use the match word, once for each word that is meant.';
    END IF;
    IF match = 'code' AND term !~ '^[[:alnum:]].*[^[:alnum:][:space:]]' THEN
        RAISE EXCEPTION 'purpose term "%" is not a code', term
            USING ERRCODE = 'check_violation',
                  DETAIL = 'A code begins with a letter or digit and has punctuation that matters, such as 287(g).',
                  HINT = 'Use the match word or phrase.';
    END IF;
    IF tag IN ('no_purpose', 'vague_purpose') AND match IN ('code', 'exception') THEN
        RAISE EXCEPTION 'a term of the tag % matches as word, phrase or prefix, not %', tag, match
            USING ERRCODE = 'check_violation',
                  DETAIL = 'The tag is given where a purpose has no other words than these.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.check_purpose_term(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.check_purpose_term(text, text, text) IS
'Internal: refuses terms that could never match';

CREATE FUNCTION sharing_guard.purpose_term_check() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM sharing_guard.check_purpose_term(NEW.term, NEW.tag, NEW.match);
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION sharing_guard.purpose_term_check() FROM PUBLIC;
COMMENT ON FUNCTION sharing_guard.purpose_term_check() IS
'Trigger: refuses terms that could never match';
CREATE TRIGGER purpose_term_check
    BEFORE INSERT OR UPDATE ON sharing_guard.purpose_term
    FOR EACH ROW EXECUTE FUNCTION sharing_guard.purpose_term_check();
