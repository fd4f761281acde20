/* Which pixels of its input a pooling window sees. */
#include "tinynas_kernels.h"

static int32_t clamped(int32_t value, int32_t limit)
{
    return value < 0 ? 0 : value > limit ? limit : value;
}

void tinynas_taps_of(tinynas_window *taps, const tinynas_pool_op *op, int32_t row, int32_t column)
{
    const int32_t first_row = row * op->stride_rows - op->padding_top;
    const int32_t first_column = column * op->stride_columns - op->padding_left;
    taps->row = clamped(first_row, op->input.rows);
    taps->row_end = clamped(first_row + op->kernel_rows, op->input.rows);
    taps->column = clamped(first_column, op->input.columns);
    taps->column_end = clamped(first_column + op->kernel_columns, op->input.columns);
}
