#!/usr/bin/env python3
"""classify_other.py KIND TRAIN TEST words|chars - learns, prints its name, then answers each
line on standard input with the speed of predict.  KIND: sklearn1, sklearn2, fasttext.  Prints
an empty name when its package is not there."""
import json
import resource
import sys
import time

KIND, TRAIN, TEST, UNIT = sys.argv[1:]


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def sklearn(texts, labels):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    options = {"analyzer": "char", "ngram_range": (1, 2)} if UNIT == "chars" else {}
    if KIND == "sklearn2":
        options.update(sublinear_tf=True, ngram_range=(1, 3) if UNIT == "chars" else (1, 2))
    vectors = TfidfVectorizer(**options)
    model = LinearSVC().fit(vectors.fit_transform(texts), labels)
    low, high = options.get("ngram_range", (1, 1))
    name = f"scikit-learn {UNIT} {low}-{high}{', sublinear' if KIND == 'sklearn2' else ''}, LinearSVC"
    return name, lambda unseen: list(model.predict(vectors.transform(unseen)))


def fasttext(texts, labels):
    import tempfile

    import fasttext as package

    def line(text):
        text = " ".join(text) if UNIT == "chars" else text
        return " ".join(text.lower().split())

    names = sorted(set(labels))
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as out:
        for text, label in zip(texts, labels):
            out.write(f"__label__{names.index(label)} {line(text)}\n")
        out.flush()
        # Two words, the rate and rounds of its tutorial; all else as it comes.
        model = package.train_supervised(out.name, wordNgrams=2, lr=0.5, epoch=25, thread=1, verbose=0)

    def predict(unseen):
        said, _ = model.predict([line(text) for text in unseen])
        return [names[int(one[0][len("__label__"):])] for one in said]

    return "fastText, two words", predict


def main():
    seen = rows(TRAIN)
    try:
        name, predict = (fasttext if KIND == "fasttext" else sklearn)(
            [row["text"] for row in seen], [row["label"] for row in seen])
    except ImportError:
        print("", flush=True)
        return
    print(name, flush=True)
    unseen = rows(TEST)
    texts = [row["text"] for row in unseen]
    for _ in sys.stdin:
        best = took = passes = 0
        while passes < 2 or (took < 0.5 and passes < 6):
            start = time.process_time()
            said = predict(texts)
            one = time.process_time() - start
            best = max(best, len(texts) / one)
            took += one
            passes += 1
        right = sum(label == row["label"] for label, row in zip(said, unseen))
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"speed": best, "accuracy": right / len(texts), "rss_mb": rss / 1024}), flush=True)


main()
