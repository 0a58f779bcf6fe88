"""Made inputs for export_metrics.py: every rule of a scorer, and what is odd about it, is taken by some line here."""

import random

R = random.Random(20261127)

# captions
A = "a man rides a wave on a surfboard"
CAPTION_SETS = {
    "spec": [
        {"caption": "a cat on a mat", "references": ["a cat sits on a mat", "the cat is on the mat"]},
        {"caption": "a dog runs in a park", "references": ["a dog runs in the park", "a brown dog running outside"]},
        {"caption": "a red bus", "references": ["two people ride a red bus", "people on a bus"]},
    ],
    "one image": [{"caption": "a cat", "references": ["a cat on a mat", "a cat"]}],
    "empty caption": [
        {"caption": "", "references": ["a cat on a mat", "the cat"]},
        {"caption": "a dog", "references": ["a dog", "the dog runs"]},
    ],
    "only marks": [
        {"caption": " ... !", "references": ["a cat on a mat"]},
        {"caption": "A dog's (red) ball, isn't it?", "references": ["a dog 's ball", "(red) ball"]},
    ],
    "repeats and ties": [
        {"caption": "the the the the the the the", "references": ["the cat is on the mat", "there is a cat on the mat"]},
        {"caption": "one two three four", "references": ["one two three", "one two three four five"]},
        {"caption": "long " * 12 + "caption", "references": ["a caption"]},
    ],
}
SUBJECTS = ["A man", "two dogs", "the woman's hat", "An old couple", "Three children", "a black-and-white cat", "kids"]
VERBS = ["is riding", "are sitting on", "isn't near", "looks at", "jumps over", "is next to"]
OBJECTS = ["a wave.", "a red bus", "the bench", "an umbrella!", 'a "STOP" sign', "pizza & fries", "the clock at 5:30pm"]
sentence = lambda: f"{R.choice(SUBJECTS)} {R.choice(VERBS)} {R.choice(OBJECTS)}"
CAPTION_SETS["made"] = [
    {"caption": sentence(), "references": [sentence() for _ in range(1 + i % 5)]} for i in range(20)
]

# tokens; the jar looks beyond the end of a line, so each stands between lines that begin no sentence
PTB_TEXTS = {
    "captions": sorted({sentence() for _ in range(60)})
    + [
        "a man's dog can't reach the boys' ball", "She's holding an umbrella; it's 1/2 open", "a U.S. soldier at 6 p.m.",
        "Mr. Smith and Dr. Jones on 5th Ave. with a 10-year-old girl", "a sign that reads \"STOP\" (in red)...",
        "an AT&T phone &amp; a 3d TV - 50% off!", "rock 'n' roll band of the '80s", "a boat -- docked near www.shop.com",
        "what?! a $5 bill...", "I cannot see, I'm gonna look", "a tie/bow tie and a half-full glass", "’tis the dog’s toy",
        "a clock says 10:05 and 1,000 birds fly. The end", "plan b. The dog sits", "a cat 😀 and ½ of an orange",
    ],
    "questions": [
        "what's the man's name?", "How many o's are there", "is this no. 5 or no 5", "what does the sign say, St. or Mt.?",
        "Is that at&t or AT&T?", "what is in front of the x-ray?", "who's there? yes", "is it 5pm or 5:30 a.m.?",
        "what is e-mail of bob@shop.org", "what does @home and #dogs mean", "y'all see 24/7 n/a and/or w/o that?",
    ],
    "hard": [
        "mr. x jan. x inc. x etc. x vs. x sat. x sun. x lb. x oz. x", "Mass. x mass. x La. x la. x Ill. x ill. x", "a--b a-b- -a --- _a a_",
        "$5 US$5 £5 €5 5¢ ¢5 50 % 5,000.50 .5 5. 1:2:3 5.5a 5a.5", "(555) 123-4567 800.555.1234 12/25/2012 1 1/2 3-1/2 11/2",
        ":) :-) ;) :( :D =) :/ ^_^", "C'mon ol' ne'er ma'am o'clock O'Neil l'eau y'all 'em 'til '05 'S 'D N'T GONNA", "a b. c.d. e.f g.h.i. U.S.-based",
        "“a” ‘a’ «a» ‹a› … — – ‐ ½ ⅓ ×", "<a href=\"x\"> <br/> <3 -> >= a>b a>>b", "[a] {b} (c) a/b/c/d w/ x", "café naïve 日本語 über",
        "!!! ?? ?! ! ? a!b a?b ok!!", "... .. .... . . . wait...what", "* ** + ++ = == # ## $ % %% & ~ | \\ /",
    ],
}

# VQA
VQA_TEXTS = [
    "Two dogs!", "a red-and-white bus", "1,000", "3.5", "hello.", "yes, it is", "dont know", "The U.S.A.", "10:30", "none", "an apple/orange",
    "$5.00 bill", "it's", "a - b", "a-b", "1,000-2,000 dogs", "1,,000", "x,y", "x, y", "what?", "what ?", "(a)", "( a )", "a;b", "a\\b_c=d+e",
    "<b>@home`", "\"quoted\"", "{a}[b]", "." * 40, "3.", ".3", "a.b.c", "\n tab\there \n", "Yes", "YES!", "ten", "Ten 10", "the", "a an the",
    "somebody'd", "let's", "Let's go, it's", "couldn'tve", "Id've", "ow'sat", "'ow'sat", "yall'd've", "cat's", "dogs'", "٣,٤", "a\u00a0b", "İstanbul ÀÉ", "",
    "  ", "one two, three", "no.", "no .5 no.5", "he'd've hed've hedve", "what's", "whats", "ain't aint", "12,345 a/b", "!", "? ,",
]  # fmt: skip
GENERATED = [
    " blue\nQuestion: what", "red, green", "yes Short answer: no", "Answer is 4", "black,white", "question? short", "a cat Output: a dog", ' "quoted" ', "Shorts, blue",
    "a, b Question", "Outputs", "", "QuestionAnswerShort", "no output",
]  # fmt: skip


def ten(*groups, ids=True, confidence=False):
    words = [w for word, n in groups for w in [word] * n]
    answers = [{"answer": w} for w in words]
    for i, answer in enumerate(answers):
        if confidence:
            answer["answer_confidence"] = ["yes", "maybe", "no"][i % 3]
        if ids:
            answer["answer_id"] = i + 1
    return answers


VQA_QUESTIONS = [("cat", ten(("cat", k), ("dog", 10 - k), ids=ids)) for k in range(11) for ids in (True, False)]
VQA_QUESTIONS += [(p, ten(("yes", 10))) for p in ("yes", "Yes", "yes.", " yes\n", "no", "the yes")]
VQA_QUESTIONS += [(p, ten(("Yes", 5), ("yes", 5), ids=ids)) for p in ("yes", "Yes", "YES!") for ids in (True, False)]
VQA_QUESTIONS += [(p, ten(("unanswerable", 4), ("a dog", 3), ("dog", 3), ids=False, confidence=True)) for p in ("dog", "unanswerable", "Unanswerable.")]
VQA_QUESTIONS += [("2", ten(("two", 3), ("2", 2), ("three", 5))), ("1,000", ten(("1000", 6), ("1,000", 4))), ("", ten(("", 3), ("x", 7)))]
VQA_QUESTIONS += [("cat", ten(("cat", 3))), ("cat", ten(("cat", 1))), ("dont", ten(("don't", 2), ("dont", 2), ("x", 6))), ("cat's", ten(("cat 's", 4), ("cat's", 6)))]
WORDS_FOR_VQA = ["yes", "no", "Two", "2", "a dog", "dog.", "red-ish", "isnt", "U.S."]
for _ in range(60):
    drawn = [R.choice(WORDS_FOR_VQA[:5]) for _ in range(10)]
    VQA_QUESTIONS.append((R.choice(WORDS_FOR_VQA), ten(*[(w, 1) for w in drawn], ids=R.random() < 0.5)))

# MMMU
FOUR = ["a red car", "a blue car", "the house", ""]
MMMU_CHOICES = [
    (text, options)
    for options in (["red", "blue", "green", "dark green"], FOUR)
    for text in [
        "A", "(A)", "A.", "B,.", ".B,", "a", "The answer is C.", "The answer is (C) and not (D)", "(D) then (B)", "A or B", "A B A", "", " ", "E", "'A'", "A:",
        "I think it is the dark green one here", "dark green", "it must be red or blue, I am sure", "none of these options is right at all", "Answer:B",
        "B. because A is wrong", "(A) (a)", "ABC", "Z", "I do not know what to say", "the RED car is the one I see", "(C)(D)", "A\nB", "A, B", "I",
    ]
]  # fmt: skip
MMMU_OPEN = [
    ("The answer is 5", "5"), ("5", "5.0"), ("It is 1,234.567", "1234.57"), ("x = 3.5", "3.5"), ("so x = 3\nthus y = 4", "4"), ("2.675", "2.67"), ("1.005", "1"),
    ("this is a cat. So it is a dog", "dog"), ("THE ANSWER IS Paris.", "paris"), ("b", "b"), ("a b c", "b"), ("abc", "b"), ("1e3", "1000"), ("-5", "-5"), ("nan", "nan"),
    ("inf", "infinity"), ("answer is .", "x"), ("is : ", "x"), ("so ", "so"), ("", ""), ("", "x"), ("...", "."), ("the result is 12 apples and 5 pears", ["5", "7"]),
    ("is is is", "is"), ("could be 7 or 8", "8"), ("final answer 10%", "10"), ("1_000", "1000"), ("+7", "7"), (".5", "0.5"), ("5.", "5"), ("٣", "3"), ("1,2,3", "123"),
    ("12,345", "12345"), ("x=y=2", "2"), ("therefore 3\n\nresult ", "3"), ("0x10", "16"), ("2e-3", "0"), ("the cat sat", ["dog", "cat"]), ("$5", "5"), ("3.14159 is pi", "3.14"),
    ("is 5é", "5"), ("i know so many", "many"), ("1.5e10", "15000000000"), ("answer is -0.5", "-0.5"), (" X ", "x"), ("É", "é"),
]  # fmt: skip
MMMU_NUMBERS = ["1,234 and 5", "1,2345", "12,345,678.9", "-1,000", "a1,000", "1e5 2E-3 3e+2x", "1.5.2", ".5 5. 5.5", "5,6", "12a 3b", "-3--4", "é5 5é", "٣٤ 5", "1e", "x-7y", "3e5e6", "0.001,5"]
FLOATS = ["1e3", ".5", "5.", "+7", "-7", "1_000", "1__0", "_1", "1_", "inf", "-Infinity", "nan", "+NaN", "٣", "१२", " 5\n", "", ".", "e5", "1e", "1e5_0", "0x10", "1,0", "𝟓", "５", "1.e2", "1 2", "\u00a05"]
ROUNDS = [(v, d) for v in (2.675, 1.005, 0.125, 0.375, 2.5, 3.5, -2.5, 12.125, 1e22, 0.5, 1.5, 100 / 3, 33.335, 0.0005, 1234567.0005, -0.001, 99.995) for d in (0, 1, 2, 3)]
SUBJECTS_OF_MMMU = ["Accounting", "Art_Theory", "Music", "Math", "Diagnostics_and_Laboratory_Medicine", "Energy_and_Power", "History"]
MMMU_ANSWERS, MMMU_OUTPUT = {}, {}
for subject in SUBJECTS_OF_MMMU:
    for i in range(1, R.randint(4, 9)):
        key = f"validation_{subject}_{i}"
        is_open = i % 4 == 0
        gold = R.choice(["5", ["7", "seven"]]) if is_open else R.choice("ABCD")
        MMMU_ANSWERS[key] = {"question_type": "short-answer" if is_open else "multiple-choice", "ground_truth": gold}
        MMMU_OUTPUT[key] = R.choice(["it is 5", "seven", "no"]) if is_open else R.choice("ABCD")

# MMBench
OPTIONS = {"A": "red", "B": "dark blue", "C": "green", "D": "a cat"}
MMBENCH = [
    (text, options)
    for options in (OPTIONS, {"A": "yes", "B": "no"})
    for text in [
        "A", "B.", "(C)", "The answer is D", "answer is A cat", "A or B", "I think A is the right one of all these", "a", "Z", "Z A", "none", "red", "It is dark blue",
        "red and green", "The correct answer is **B**. Here is why: A is wrong", "the answer is before", "The  answer is\nc", "Cannot determine the answer", "yes", "No",
        "Failed to obtain answer via API", "A A A", "", "B) because of this and that and more", "E", "dark blue " * 9, "A, B, C", "Answer: [C]", "C#", "*D*", "{A}", "nothing",
        "I'm sorry, but without the image provided I cannot", "This is a long answer without any of it, and a cat is named in it, but it is far too long", "So A cat sat here on",
    ]
]  # fmt: skip

# ScienceQA: answer, number of choices, gold index
SCIENCE_QA = [
    (text, n, gold)
    for text in ["A", "B", "B.", "B. ", "B. x", "b", " B", "E", "E. x", "The answer is B", "The answer is B.", "The answer is B\n", "The answer is A. The answer is B.",
                 "So The answer is C!", "", "F. x", "The answer is Z.", "(A)", "A ", "A.  ", "The answer is Bé", "the answer is A."]
    for n, gold in ((2, 1), (5, 2))
]  # fmt: skip

# MME
MME_ANSWERS = ["yes", "no", "Yes.", "No, it is", "Not sure", "None", "Noted", "  yes", " yes", "The answer is yes", "y", "n", "", "nyes", "yno", "eyes", "I know", "YES", "notice", "ano", "ye s", "😀yes", "😀😀no", "oh no"]
MME_SUBTASK = [(R.choice(["yes", "no"]), R.choice(["yes", "no", "Yes, it is", "No.", "unclear", "Not"])) for _ in range(26)]

# MM-Vet: capabilities and five runs
CAPABILITIES = [["rec"], ["ocr"], ["rec", "know", "gen"], ["ocr", "spat", "math"], ["gen", "know", "rec"], ["spat", "ocr"]]
MM_VET = {f"v1_{i}": (R.choice(CAPABILITIES), [R.randint(0, 10) / 10 for _ in range(5)]) for i in range(37)}

# words for the singular
WORDS = (
    "dogs buses boxes churches dishes glasses cities boys knives wolves lives wives shoes movies series species fish sheep jeans rice news databases quizzes matrices vertices "
    "indices passersby oxen aliases statuses status octopi viruses virus axes crises testes tomatoes potatoes heroes bus mice lice women men people children sexes moves humans kine zombies "
    "analyses bases theses synopses diagnoses parentheses prognoses data media bacteria boss class leaves calves hives natives elves loaves thieves cookies ties pies horses houses ponies keys "
    "monkeys skis taxis gas lens tennis pants scissors Women MEN Children Dogs CITIES s ss is us as has was blue-jeans money information equipment goldfish rices x-rays U.S.'s skies eyes cows "
    "sunglasses surfboards toothbrushes benches watches sandwiches foxes phases oases geese feet teeth quiz ox criteria dogs' criteria's café cafés"
).split()

# draws: seed, test items, of these, training items, pool, shots
DRAWS = [(42, 5000, 5000, 82783, 2048, 4), (0, 1000, 1000, 29000, 2048, 2), (7, 10, 10, 40, 32, 4), (42, 214354, 100, 44375, 2048, 8), (1234567, 3, 3, 21, 21, 8), (4294967295, 2, 1, 5, 5, 2)]
SAMPLES = [(0, 5, 5), (1, 21, 5), (1, 22, 5), (42, 2048, 16), (3, 85, 6), (3, 86, 6), (-5, 100, 3), (2**40 + 3, 1000, 7), (9, 1, 1), (9, 300, 0), (11, 277, 21), (11, 278, 22)]

MEANS = [[R.random() for _ in range(n)] for n in (1, 5, 7, 8, 9, 17, 100)]
