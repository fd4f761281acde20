/* The windows of pools. */
#include "tinynas_kernels.h"

static int32_t clamped(int32_t value, int32_t limit)
{
    return value < 0 ? 0 : value > limit ? limit : value;
}

void tinynas_pixels_under(tinynas_pixels *pixels, const tinynas_pool_op *op,
                          const tinynas_view *input, int32_t row, int32_t column)
{
    const int32_t top = row * op->stride_rows - op->padding_top;
    const int32_t left = column * op->stride_columns - op->padding_left;
    const int32_t first_row = clamped(top, op->input.rows);
    const int32_t first_column = clamped(left, op->input.columns);
    pixels->rows = clamped(top + op->kernel_rows, op->input.rows) - first_row;
    pixels->columns = clamped(left + op->kernel_columns, op->input.columns) - first_column;
    pixels->step = input->channels;
    pixels->row_bytes = input->row_bytes;
    const int32_t slot = tinynas_slot(input, first_row);
    pixels->first = input->data + slot * input->row_bytes
                    + (first_column - input->first_column) * input->channels;
    pixels->until_wrap = input->ring - slot;
    pixels->wrap = input->ring * input->row_bytes;
}
