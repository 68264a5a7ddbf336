// SPDX-License-Identifier: Apache-2.0
#include "frontend/norm/batch_norm_kernels.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "sim/core/vector_clones.hpp"

// The build forbids contraction to fused multiply-add for this file: a gate must find the sign that normalise() found.

namespace ldpsim::norm {
namespace {

constexpr std::int64_t kParts = 32;      // of the rows, for any number of threads: sums are added in one order
constexpr std::int64_t kBlock = 64;      // lines that are added up in float32
constexpr std::int64_t kLongLine = 128;  // elements that a loop wants in a line

/// Neighbouring rows taken as one line, so that loops over lines are long also where channels are few.
std::int64_t rows_in_line(const Rows& rows) { return std::max<std::int64_t>(1, kLongLine / rows.channels); }

struct Lines {
  std::int64_t first = 0;  ///< element
  std::int64_t count = 0, width = 0;
  std::int64_t end() const { return first + count * width; }
};

/// Calls work(lines) for the blocks of one part of the rows, in order; rows that fill no line come last, one a line.
template <typename Work>
void for_each_block(const Rows& rows, std::int64_t part, const Work& work) {
  const std::int64_t together = rows_in_line(rows), width = together * rows.channels, all = rows.count / together;
  const std::int64_t end = all * (part + 1) / kParts;
  for (std::int64_t line = all * part / kParts; line < end; line += kBlock)
    work(Lines{line * width, std::min(kBlock, end - line), width});
  const std::int64_t left = rows.count - all * together;
  if (part == kParts - 1 && left > 0) work(Lines{all * width, left, rows.channels});
}

template <typename Work>
void for_each_part(const Work& work) {
#pragma omp parallel for schedule(static)
  for (std::int64_t part = 0; part < kParts; ++part) work(part);
}

/// Numbers of the channels, repeated for all rows of a line.
std::vector<float> repeated(const Rows& rows, const float* values) {
  std::vector<float> all;
  if (values == nullptr) return all;
  for (std::int64_t i = 0; i < rows_in_line(rows); ++i) all.insert(all.end(), values, values + rows.channels);
  return all;
}

/// Sums over the lines of a block: one for each element of a line.
class LineSums {
 public:
  explicit LineSums(const Rows& rows)
      : channels_(rows.channels), values_(static_cast<std::size_t>(rows_in_line(rows) * rows.channels)) {}
  float* cleared() {
    std::fill(values_.begin(), values_.end(), 0.0f);
    return values_.data();
  }
  void add_to(std::vector<double>& sums) const {
    for (std::size_t i = 0; i < values_.size(); i += static_cast<std::size_t>(channels_))
      for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += static_cast<double>(values_[i + c]);
  }

 private:
  std::int64_t channels_;
  std::vector<float> values_;
};

LDPSIM_VECTOR_CLONES
void add_lines(const float* __restrict x, const Lines& lines, float* __restrict sums) {
  for (std::int64_t at = lines.first; at < lines.end(); at += lines.width)
    for (std::int64_t i = 0; i < lines.width; ++i) sums[i] += x[at + i];
}

LDPSIM_VECTOR_CLONES
void add_distances(const float* __restrict x, const Lines& lines, const float* __restrict from, float* __restrict plain,
                   float* __restrict squares) {
  for (std::int64_t at = lines.first; at < lines.end(); at += lines.width) {
    for (std::int64_t i = 0; i < lines.width; ++i) {
      const float distance = x[at + i] - from[i];
      plain[i] += distance;
      squares[i] += distance * distance;
    }
  }
}

// Loops with variants: inlined into each copy of the functions that choose among them.
#define LDPSIM_INLINE inline __attribute__((always_inline))

template <bool kAdded>
LDPSIM_INLINE void normalise_all(const float* __restrict x, const Lines& lines, const Line& to,
                                 const float* __restrict added, float lowest, float* __restrict y) {
  const float* __restrict scale = to.scale, * __restrict shift = to.shift;
  for (std::int64_t at = lines.first; at < lines.end(); at += lines.width) {
    for (std::int64_t i = 0; i < lines.width; ++i) {
      float value = x[at + i] * scale[i] + shift[i];
      if constexpr (kAdded) value += added[at + i];
      y[at + i] = value < lowest ? lowest : value;  // NaN stays
    }
  }
}

LDPSIM_VECTOR_CLONES
void normalise_lines(const float* x, const Lines& lines, const Line& to, const float* added, float lowest, float* y) {
  if (added != nullptr) return normalise_all<true>(x, lines, to, added, lowest, y);
  normalise_all<false>(x, lines, to, added, lowest, y);
}

template <Gate::Kind kKind>
LDPSIM_INLINE void add_gradients(const float* __restrict gradient, const float* __restrict x, const Lines& lines,
                                 const float* __restrict mean, const Gate& gate, float* __restrict passed,
                                 float* __restrict plain, float* __restrict centred) {
  const float* __restrict scale = gate.line.scale, * __restrict shift = gate.line.shift, * __restrict y = gate.y;
  for (std::int64_t at = lines.first; at < lines.end(); at += lines.width) {
    for (std::int64_t i = 0; i < lines.width; ++i) {
      float g = gradient[at + i];
      if constexpr (kKind == Gate::Kind::kByInput) g = x[at + i] * scale[i] + shift[i] > 0 ? g : 0;
      if constexpr (kKind == Gate::Kind::kByOutput) passed[at + i] = g = y[at + i] > 0 ? g : 0;
      plain[i] += g;
      centred[i] += g * (x[at + i] - mean[i]);
    }
  }
}

LDPSIM_VECTOR_CLONES
void add_gradient_lines(const float* gradient, const float* x, const Lines& lines, const float* mean, const Gate& gate,
                        float* passed, float* plain, float* centred) {
  using Kind = Gate::Kind;
  switch (gate.kind) {
    case Kind::kOpen:
      return add_gradients<Kind::kOpen>(gradient, x, lines, mean, gate, passed, plain, centred);
    case Kind::kByInput:
      return add_gradients<Kind::kByInput>(gradient, x, lines, mean, gate, passed, plain, centred);
    case Kind::kByOutput:
      return add_gradients<Kind::kByOutput>(gradient, x, lines, mean, gate, passed, plain, centred);
  }
}

template <bool kGated>
LDPSIM_INLINE void project_all(const float* __restrict gradient, const float* __restrict x, const Lines& lines,
                               const Projection& to, const Line& gate, float* __restrict to_x) {
  const float* __restrict mean = to.mean, * __restrict offset = to.offset, * __restrict slope = to.slope, * __restrict factor = to.factor, * __restrict scale = gate.scale, * __restrict shift = gate.shift;
  for (std::int64_t at = lines.first; at < lines.end(); at += lines.width) {
    for (std::int64_t i = 0; i < lines.width; ++i) {
      float g = gradient[at + i];
      if constexpr (kGated) g = x[at + i] * scale[i] + shift[i] > 0 ? g : 0;
      to_x[at + i] = (g - offset[i] - (x[at + i] - mean[i]) * slope[i]) * factor[i];
    }
  }
}

LDPSIM_VECTOR_CLONES
void project_lines(const float* gradient, const float* x, const Lines& lines, const Projection& to, const Gate& gate,
                   float* to_x) {
  if (gate.kind == Gate::Kind::kByInput) return project_all<true>(gradient, x, lines, to, gate.line, to_x);
  project_all<false>(gradient, x, lines, to, gate.line, to_x);
}

std::vector<double> zeros(const Rows& rows) { return std::vector<double>(static_cast<std::size_t>(rows.channels)); }

std::int64_t rows_of(const Lines& lines, const Rows& rows) { return lines.count * lines.width / rows.channels; }

struct PartMoments {
  double count = 0;
  Moments moments;
};

/// Distances are taken from the mean of the first block, which is near enough to that of the part, a small number of
/// blocks, that the difference of sums below keeps the variance.
PartMoments moments_of_part(const Rows& rows, std::int64_t part, const float* x) {
  PartMoments all{0, {zeros(rows), zeros(rows)}};
  std::vector<double>& mean = all.moments.mean;
  std::vector<double>& squares = all.moments.squares;
  LineSums plain_sums(rows), square_sums(rows);
  std::vector<float> from;
  for_each_block(rows, part, [&](const Lines& lines) {
    if (from.empty()) {
      std::vector<double> first = zeros(rows);
      add_lines(x, lines, plain_sums.cleared());
      plain_sums.add_to(first);
      for (const double sum : first)
        from.push_back(static_cast<float>(sum / static_cast<double>(rows_of(lines, rows))));
      from = repeated(rows, from.data());
    }
    add_distances(x, lines, from.data(), plain_sums.cleared(), square_sums.cleared());
    plain_sums.add_to(mean);
    square_sums.add_to(squares);
    all.count += static_cast<double>(rows_of(lines, rows));
  });
  for (std::size_t c = 0; c < mean.size() && all.count > 0; ++c) {
    const double apart = mean[c] / all.count;
    squares[c] -= apart * mean[c];
    mean[c] = static_cast<double>(from[c]) + apart;
  }
  return all;
}

/// Chan, Golub and LeVeque 1979, equation 1.5.
void join(PartMoments& all, const PartMoments& part) {
  if (part.count == 0) return;
  const double whole = all.count + part.count, share = part.count / whole;
  for (std::size_t c = 0; c < all.moments.mean.size(); ++c) {
    const double apart = part.moments.mean[c] - all.moments.mean[c];
    all.moments.mean[c] += apart * share;
    all.moments.squares[c] += part.moments.squares[c] + apart * apart * share * all.count;
  }
  all.count = whole;
}

}  // namespace

Moments moments(const Rows& rows, const float* x) {
  std::vector<PartMoments> parts(kParts);
  for_each_part([&](std::int64_t part) { parts[static_cast<std::size_t>(part)] = moments_of_part(rows, part, x); });
  for (std::size_t part = 1; part < parts.size(); ++part) join(parts[0], parts[part]);
  return std::move(parts[0].moments);
}

void normalise(const Rows& rows, const float* x, const Line& line, const float* added, bool relu, float* y) {
  const std::vector<float> scale = repeated(rows, line.scale), shift = repeated(rows, line.shift);
  const float lowest = relu ? 0 : -std::numeric_limits<float>::infinity();
  for_each_part([&](std::int64_t part) {
    for_each_block(rows, part, [&](const Lines& lines) {
      normalise_lines(x, lines, {scale.data(), shift.data()}, added, lowest, y);
    });
  });
}

GradientSums gradient_sums(const Rows& rows, const float* gradient, const float* x, const float* mean, const Gate& gate,
                           float* passed) {
  const std::vector<float> means = repeated(rows, mean), scale = repeated(rows, gate.line.scale),
                           shift = repeated(rows, gate.line.shift);
  const Gate same{gate.kind, {scale.data(), shift.data()}, gate.y};
  std::vector<GradientSums> parts(kParts, {zeros(rows), zeros(rows)});
  for_each_part([&](std::int64_t part) {
    LineSums plain(rows), centred(rows);
    GradientSums& sums = parts[static_cast<std::size_t>(part)];
    for_each_block(rows, part, [&](const Lines& lines) {
      add_gradient_lines(gradient, x, lines, means.data(), same, passed, plain.cleared(), centred.cleared());
      plain.add_to(sums.plain);
      centred.add_to(sums.centred);
    });
  });
  GradientSums all = parts[0];
  for (std::size_t part = 1; part < parts.size(); ++part) {
    for (std::size_t c = 0; c < all.plain.size(); ++c) {
      all.plain[c] += parts[part].plain[c];
      all.centred[c] += parts[part].centred[c];
    }
  }
  return all;
}

void input_gradient(const Rows& rows, const float* gradient, const float* x, const Projection& to, const Gate& gate,
                    float* to_x) {
  const std::vector<float> mean = repeated(rows, to.mean), offset = repeated(rows, to.offset),
                           slope = repeated(rows, to.slope), factor = repeated(rows, to.factor),
                           scale = repeated(rows, gate.line.scale), shift = repeated(rows, gate.line.shift);
  const Projection same{mean.data(), offset.data(), slope.data(), factor.data()};
  const Gate same_gate{gate.kind, {scale.data(), shift.data()}, gate.y};
  for_each_part([&](std::int64_t part) {
    for_each_block(rows, part, [&](const Lines& lines) { project_lines(gradient, x, lines, same, same_gate, to_x); });
  });
}

}  // namespace ldpsim::norm
