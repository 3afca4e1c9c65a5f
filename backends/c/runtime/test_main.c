int main(void)
{
    size_t i, wrong = wrong_answers(0, VECTORS) + wrong_classes();
    for (i = 0; i < VECTORS; i++) {
        wrong += wrong_answers(i, 1);
    }
    printf("%s: %lu vectors, %lu wrong answers\n", wrong == 0 ? "ok" : "FAILED", (unsigned long)VECTORS, (unsigned long)wrong);
    return wrong != 0;
}
