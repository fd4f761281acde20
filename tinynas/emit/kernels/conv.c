/* Convolution with any kernel, stride and padding, int8 weights: two pixels at a time, their taps
 * gathered as int16.
 *
 * Taps in the order kernel row, kernel column, input channel.  A kernel row is a run of neighbouring
 * bytes; first come the whole words of every run, then the bytes that are left of every run, and
 * zeros up to a multiple of four.
 *
 * constants  as pair.c says
 * scratch    4 bytes a tap
 * order      pixel
 */
#include "tinynas_kernels.h"

/* What stays the same from pixel to pixel, and where the next run goes: of every four numbers 0, 2,
 * 1, 3, then come four of the other pixel.
 */
typedef struct {
    const tinynas_conv_op *op;
    tinynas_view input;
    int8_t *gathered;
    int32_t bytes; /* of a run */
    int32_t whole; /* of these in whole words */
    int32_t padding; /* what is gathered outside the input */
    int8_t *words;
    int8_t *rest;
    int32_t index; /* how many bytes lie in `rest` */
} walk;

TINYNAS_INLINE void put(int8_t *gathered, int32_t index, int32_t value)
{
    tinynas_store_half_aligned(gathered + 4 * (index & ~3) + 4 * (index & 1) + (index & 2), value);
}

/* A run of two pixels that lies inside the input as a whole. */
static void copy(const walk *w, const int8_t *a, const int8_t *b)
{
    const int32_t left = w->bytes - w->whole;
    if (w->whole > 0) {
        tinynas_expand_both(a, b, w->words, (uint32_t)w->whole / 4u);
    }
    a += w->whole;
    b += w->whole;
    for (int32_t i = 0; i < left; ++i) {
        put(w->rest, w->index + i, a[i] + 128);
        put(w->rest + 8, w->index + i, b[i] + 128);
    }
}

/* Bytes [from, to) of a run out of `x`, or padding where `x` is NULL. */
static void fill(const walk *w, const int8_t *x, int32_t from, int32_t to, int8_t *words,
                 int8_t *rest)
{
    while (from < to) {
        if ((from & 3) == 0 && to - from >= 4 && from < w->whole) {
            if (x == NULL) {
                tinynas_store_aligned(words + 4 * from, tinynas_both_halves(w->padding));
                tinynas_store_aligned(words + 4 * from + 4, tinynas_both_halves(w->padding));
            } else {
                tinynas_expand(words + 4 * from, tinynas_load(x));
                x += 4;
            }
            from += 4;
        } else {
            const int32_t value = x == NULL ? w->padding : *x++ + 128;
            if (from < w->whole) {
                put(words, from, value);
            } else {
                put(rest, w->index + from - w->whole, value);
            }
            ++from;
        }
    }
}

/* Run `row` of the output pixel whose window begins at column `left`; `second` is 0 or 8. */
static void put_run(const walk *w, int32_t row, int32_t left, int32_t second)
{
    const int32_t channels = w->input.channels;
    const int32_t kernel = w->op->kernel_columns;
    const int32_t columns = w->op->input.columns;
    const int32_t begin = left < 0 ? -left : 0;
    const int32_t end = columns - left < kernel ? columns - left : kernel;
    int8_t *const words = w->words + second;
    int8_t *const rest = w->rest + second;
    if (row < 0 || row >= w->op->input.rows || begin >= end) {
        fill(w, NULL, 0, w->bytes, words, rest);
        return;
    }
    const int8_t *const x = tinynas_pixel(&w->input, row, left + begin);
    fill(w, NULL, 0, begin * channels, words, rest);
    fill(w, x, begin * channels, end * channels, words, rest);
    fill(w, NULL, end * channels, w->bytes, words, rest);
}

#if defined(TINYNAS_ASSEMBLY)

_Static_assert(offsetof(tinynas_gathering, until_wrap) == 8, "gather.S: UNTIL_WRAP");
_Static_assert(offsetof(tinynas_gathering, words) == 20, "gather.S: WORDS");
_Static_assert(offsetof(tinynas_gathering, rest) == 28, "gather.S: REST");

#else

void tinynas_gather_rows(tinynas_gathering *g, const int8_t *x, int8_t *words)
{
    uint32_t last[2] = {0, 0};
    uint32_t bits = 0;
    int32_t row = 0;
    for (; g->rows > 0; --g->rows) {
        const int8_t *a = x + row;
        const int8_t *b = a + g->apart;
        tinynas_expand_both(a, b, words, (uint32_t)g->words);
        words += 16 * g->words;
        for (int32_t i = 4 * g->words; i < 4 * g->words + g->left; ++i) {
            last[0] |= (uint32_t)(uint8_t)a[i] << bits;
            last[1] |= (uint32_t)(uint8_t)b[i] << bits;
            bits += 8;
            if (bits == 32) {
                tinynas_expand(g->rest, last[0]);
                tinynas_expand(g->rest + 8, last[1]);
                g->rest += 16;
                last[0] = 0;
                last[1] = 0;
                bits = 0;
            }
        }
        row += g->row_bytes;
        --g->until_wrap;
        row -= g->until_wrap == 0 ? g->wrap : 0;
    }
    if (bits != 0) { /* what is missing meets weights of zero */
        tinynas_expand(g->rest, last[0]);
        tinynas_expand(g->rest + 8, last[1]);
    }
}

#endif

static void gather_inside(const walk *w, int32_t top, const int32_t lefts[2])
{
    const int32_t rows = w->op->kernel_rows;
    const int32_t slot = tinynas_slot(&w->input, top);
    const int8_t *const x = w->input.data + slot * w->input.row_bytes
                            + (lefts[0] - w->input.first_column) * w->input.channels;
    tinynas_gathering g = {(lefts[1] - lefts[0]) * w->input.channels,
                           w->input.row_bytes,
                           w->input.ring - slot,
                           w->input.ring * w->input.row_bytes,
                           rows,
                           (int32_t)((uint32_t)w->whole / 4u),
                           w->bytes - w->whole,
                           w->gathered + 4 * rows * w->whole};
    tinynas_gather_rows(&g, x, w->gathered);
}

/* The taps of two output pixels, whose windows begin at these rows and columns of the input. */
static void gather(walk *w, const int32_t tops[2], const int32_t lefts[2])
{
    const tinynas_conv_op *const op = w->op;
    const int32_t last = op->input.columns - op->kernel_columns;
    const int32_t inside = tops[0] == tops[1] && lefts[0] >= 0 && lefts[1] >= 0
                           && lefts[0] <= last && lefts[1] <= last;
    if (inside && tops[0] >= 0 && tops[0] + op->kernel_rows <= op->input.rows) {
        gather_inside(w, tops[0], lefts);
        return;
    }
    w->words = w->gathered;
    w->rest = w->gathered + 4 * op->kernel_rows * w->whole;
    w->index = 0;
    for (int32_t i = 0; i < op->kernel_rows; ++i) {
        const int32_t row = tops[0] + i;
        if (inside && row >= 0 && row < op->input.rows) {
            const int8_t *const x = tinynas_pixel(&w->input, row, lefts[0]);
            copy(w, x, x + (lefts[1] - lefts[0]) * w->input.channels);
        } else {
            put_run(w, row, lefts[0], 0);
            put_run(w, tops[1] + i, lefts[1], 8);
        }
        w->words += 4 * w->whole;
        w->index += w->bytes - w->whole;
    }
    for (int32_t i = w->index; (i & 3) != 0; ++i) {
        put(w->rest, i, 0);
        put(w->rest + 8, i, 0);
    }
}

void tinynas_conv(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    walk w;
    w.op = op;
    tinynas_view_of(&w.input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    w.gathered = arena + op->scratch;
    w.bytes = op->kernel_columns * w.input.channels;
    w.whole = w.bytes & ~3;
    w.padding = op->input.zero_point + 128;
    const int32_t taps = (op->kernel_rows * w.bytes + 3) & ~3;
    int32_t tops[2];
    int32_t lefts[2];
    int8_t *pixels[2];
    int32_t waiting = 0;
    for (int32_t row = window.row; row < window.row_end; ++row) {
        int8_t *pixel = tinynas_pixel(&output, row, window.column);
        for (int32_t column = window.column; column < window.column_end; ++column) {
            tops[waiting] = row * op->stride_rows - op->padding_top;
            lefts[waiting] = column * op->stride_columns - op->padding_left;
            pixels[waiting] = pixel;
            pixel += output.channels;
            waiting ^= 1;
            if (waiting == 0) {
                gather(&w, tops, lefts);
                tinynas_pair(op, w.gathered, taps, pixels[0], pixels[1]);
            }
        }
    }
    if (waiting != 0) {
        tops[1] = tops[0];
        lefts[1] = lefts[0];
        gather(&w, tops, lefts);
        tinynas_pair(op, w.gathered, taps, pixels[0], pixels[0]);
    }
}
