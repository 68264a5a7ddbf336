// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/export_numpy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/core/file.hpp"

namespace ldpsim {
namespace {

template <class Element>
std::string_view bytes_of(const std::vector<Element>& elements) {
  return {reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(Element)};
}

/// A layer's name as a part of a file name.
std::string file_part(std::string name) {
  for (char& c : name) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 32) c = '_';
  }
  return name;
}

class Exporter {
 public:
  Exporter(const TraceReader& trace, const std::string& folder, bool force)
      : trace_(trace), folder_(folder), force_(force) {
    make_folder(folder);
  }

  void schedule() {
    std::vector<std::int64_t> number;
    std::vector<double> loss, learning_rate;
    std::vector<std::uint8_t> weight, activation, gradient;
    const auto [first, last] = trace_.iteration_range();
    trace_.for_each_iteration(first, last, [&](const TraceIteration& i) {
      number.push_back(i.iteration);
      loss.push_back(i.loss);
      learning_rate.push_back(i.learning_rate);
      weight.insert(weight.end(), i.weight_bits.begin(), i.weight_bits.end());
      activation.insert(activation.end(), i.activation_bits.begin(), i.activation_bits.end());
      gradient.insert(gradient.end(), i.gradient_bits.begin(), i.gradient_bits.end());
    });
    const auto iterations = static_cast<std::int64_t>(number.size());
    const std::vector<std::int64_t> shape{iterations, static_cast<std::int64_t>(trace_.network().layers.size())};
    write("iteration", "<i8", {iterations}, bytes_of(number));
    write("loss", "<f8", {iterations}, bytes_of(loss));
    write("learning_rate", "<f8", {iterations}, bytes_of(learning_rate));
    write("weight_bits", "|u1", shape, bytes_of(weight));
    write("activation_bits", "|u1", shape, bytes_of(activation));
    write("gradient_bits", "|u1", shape, bytes_of(gradient));
  }

  void operands(std::int64_t iteration) {
    make_folder(fmt::format("{}/iteration_{}", folder_, iteration));
    for (const auto& [layer, tensor] : trace_.captured_operands(iteration)) {
      const TraceOperand operand = *trace_.operand(iteration, layer, tensor);
      const std::string name =
          fmt::format("iteration_{}/{:03}.{}.{}", iteration, layer,
                      file_part(trace_.network().layers[static_cast<std::size_t>(layer)].name), tensor);
      if (operand.bits == 64) {
        write(name, "<f8", operand.shape, bytes_of(operand.values));
        continue;
      }
      if (operand.bits > 8) {
        write(name, "<u2", operand.shape, bytes_of(operand.codes));
      } else {
        write(name, "|u1", operand.shape,
              bytes_of(std::vector<std::uint8_t>(operand.codes.begin(), operand.codes.end())));
      }
      write(name + ".scale", "<f8", {static_cast<std::int64_t>(operand.scale.size())}, bytes_of(operand.scale));
      write(name + ".offset", "<f8", {static_cast<std::int64_t>(operand.offset.size())}, bytes_of(operand.offset));
    }
  }

  std::int64_t files() const { return files_; }

 private:
  void write(const std::string& name, const std::string& type, const std::vector<std::int64_t>& shape,
             std::string_view elements) {
    const std::string file = folder_ + "/" + name + ".npy", bytes = npy_file(type, shape, elements);
    if (!force_) require_free(file, bytes, kExportHint);
    write_file(file, bytes);
    ++files_;
  }
  const TraceReader& trace_;
  std::string folder_;
  bool force_;
  std::int64_t files_ = 0;
};

}  // namespace

std::string npy_file(const std::string& type, const std::vector<std::int64_t>& shape, std::string_view elements) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", type,
                                   fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  constexpr std::size_t kPrefix = 10, kAlignment = 64;  // the elements begin at a multiple of 64 bytes
  header.resize((kPrefix + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment - kPrefix - 1, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  return file.append(header).append(elements);
}

std::int64_t export_numpy(const TraceReader& trace, const std::string& folder, bool force) {
  Exporter exporter(trace, folder, force);
  exporter.schedule();
  for (const std::int64_t iteration : trace.captured_iterations()) exporter.operands(iteration);
  return exporter.files();
}

}  // namespace ldpsim
