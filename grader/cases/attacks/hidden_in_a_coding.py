# quantization: hides code in the coding of another module, and circles of imports
# refused PermissionError
# grade 1.1a 2.1a 2.1b

FILES = {
    "training.py": "# coding: raw_unicode_escape\n"
    "# \\u000aLEARNING_RATES = [0.0001, 0.1, 1.0]\\u000aBEST_LEARNING_RATE = 0.1\n"
    "# \\u000aimport os\\u000aos.write(1, b'[attack] tried: hide code in a coding\\\\n')\n",
    "circle_a.py": "from student import circle_b\n",
    "circle_b.py": "from student import circle_a, circle_c\n",
    "circle_c.py": "import student.quantization, student.circle_a\n",
}

import student.circle_a

attempt("open the solution", open, "$ROOT/grader/solution/training.py")
