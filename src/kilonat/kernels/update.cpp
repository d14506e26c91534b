#include "kilonat/kernels/update.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace kilonat::kernels {

namespace {

constexpr std::int64_t kPieceSize = 16384;  // four arrays of 64 KiB: a level-2 cache holds them

/// A stretch of one of the tensors.
struct Piece {
  std::size_t tensor;
  std::int64_t start;
  std::int64_t size;
};

/// @param size_of  number of elements of tensor i.
template <typename SizeOf>
std::vector<Piece> pieces_of(std::size_t num_tensors, const SizeOf& size_of) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < num_tensors; ++i) {
    const std::int64_t size = size_of(i);
    for (std::int64_t start = 0; start < size; start += kPieceSize) {
      pieces.push_back({i, start, std::min(kPieceSize, size - start)});
    }
  }
  return pieces;
}

/// Calls `run(number of the piece)` for all, on all threads.
template <typename Run>
void for_each_piece(const std::vector<Piece>& pieces, const Run& run) {
  at::parallel_for(
      0, static_cast<std::int64_t>(pieces.size()), 8, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) run(static_cast<std::size_t>(i));
      });
}

float* data_of(const at::Tensor& tensor, const Piece& piece) {
  return static_cast<float*>(tensor.data_ptr()) + piece.start;
}

}  // namespace

bool can_update(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat && tensor.is_contiguous();
}

void adamw_update_(std::span<const AdamWTensors> tensors, const AdamWFactors& factors) {
  const auto pieces =
      pieces_of(tensors.size(), [&](std::size_t i) { return tensors[i].parameter.numel(); });
  for_each_piece(pieces, [&](std::size_t i) {
    const auto& [parameter, gradient, first, second] = tensors[pieces[i].tensor];
    adamw_loop(data_of(parameter, pieces[i]),
               data_of(gradient, pieces[i]),
               data_of(first, pieces[i]),
               data_of(second, pieces[i]),
               pieces[i].size,
               factors);
  });
  for (const AdamWTensors& changed : tensors)
    changed.parameter.unsafeGetTensorImpl()->bump_version();
}

void move_towards_(std::span<const Following> tensors, double weight) {
  const auto pieces =
      pieces_of(tensors.size(), [&](std::size_t i) { return tensors[i].average.numel(); });
  for_each_piece(pieces, [&](std::size_t i) {
    const auto& [average, value] = tensors[pieces[i].tensor];
    move_towards_loop(data_of(average, pieces[i]),
                      data_of(value, pieces[i]),
                      pieces[i].size,
                      static_cast<float>(weight));
  });
}

double sum_of_squares(std::span<const at::Tensor> tensors) {
  const auto pieces = pieces_of(tensors.size(), [&](std::size_t i) { return tensors[i].numel(); });
  std::vector<double> sums(pieces.size());
  for_each_piece(pieces, [&](std::size_t i) {
    sums[i] = sum_of_squares_loop(data_of(tensors[pieces[i].tensor], pieces[i]), pieces[i].size);
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace kilonat::kernels
