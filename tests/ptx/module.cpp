// Files of PTX: their variables and functions.
#include "decoder.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

namespace ptx {

std::size_t Module::Impl::matching(std::size_t open) const {
  int depth = 0;
  for (std::size_t t = open; t < tokens.size(); ++t) {
    if (tokens[t].text == "{") ++depth;
    if (tokens[t].text == "}" && --depth == 0) return t;
  }
  throw Error(path + ": no end of a body");
}

/// After .global, .const or .shared.
std::size_t Module::Impl::read_variable(std::size_t t, bool external) {
  const bool shared = tokens[t - 1].text == ".shared";
  std::uint64_t align = 1;
  if (tokens[t].text == ".align") {
    align = number_of(tokens[t + 1].text, tokens[t].line);
    t += 2;
  }
  const Type type = type_named(tokens[t++].text.substr(1));
  const std::string_view name = tokens[t++].text;
  const std::uint64_t width = bytes_of(type);
  std::uint64_t bytes = width;
  while (tokens[t].text == "[") {
    const bool sized = tokens[t + 1].text != "]";
    bytes *= sized ? number_of(tokens[t + 1].text, tokens[t].line) : 0;
    t += sized ? 3 : 2;
  }
  Symbol s;
  s.bytes = bytes;
  if (shared) {
    s.space = Space::shared;
    if (!external) throw Error(path + ": a shared variable outside of kernels");
    s.at = 0;  // of the kernels that use it, which have no static shared memory
  } else {
    s.space = Space::global;
    storage.push_back(std::make_unique<std::byte[]>(bytes + align + 16));
    const auto raw = reinterpret_cast<std::uint64_t>(storage.back().get());
    s.at = (raw + std::max<std::uint64_t>(align, 16) - 1) / std::max<std::uint64_t>(align, 16) *
           std::max<std::uint64_t>(align, 16);
    owned.push_back({s.at, s.at + bytes});
    if (tokens[t].text == "=") {
      ++t;
      std::uint64_t k = 0;
      for (; tokens[t].text != ";"; ++t) {
        if (tokens[t].text == "{" || tokens[t].text == "}" || tokens[t].text == ",") continue;
        const std::uint64_t value = number_of(tokens[t].text, tokens[t].line);
        std::memcpy(reinterpret_cast<std::byte*>(s.at) + k++ * width, &value, width);
      }
    }
  }
  globals[name] = s;
  return t;
}

void Module::Impl::read() {
  bool external = false;
  for (std::size_t t = 0; t < tokens.size();) {
    const std::string_view text = tokens[t].text;
    if (text == ".version" || text == ".target" || text == ".address_size") {
      const std::uint32_t line = tokens[t].line;
      while (t < tokens.size() && tokens[t].line == line) ++t;
    } else if (text == ".extern") {
      external = true;
      ++t;
    } else if (text == ".global" || text == ".const" || text == ".shared") {
      t = read_variable(t + 1, external) + 1;
      external = false;
    } else if (text == ".entry" || text == ".func") {
      Function f;
      f.entry = text == ".entry";
      f.line = tokens[t].line;
      ++t;
      if (tokens[t].text == "(") {
        f.results = t + 1;
        while (tokens[t].text != ")") ++t;
        ++t;
      }
      f.name = tokens[t++].text;
      if (tokens[t].text == "(") {
        f.parameters = t + 1;
        while (tokens[t].text != ")") ++t;
        ++t;
      }
      while (tokens[t].text != "{" && tokens[t].text != ";") {
        if (tokens[t].text == ".maxnreg")
          f.max_registers = static_cast<std::uint32_t>(number_of(tokens[t + 1].text, tokens[t].line));
        ++t;
      }
      if (tokens[t].text == "{") {
        f.body = t + 1;
        f.end = matching(t);
        t = f.end;
        functions[f.name] = f;
        if (f.entry) by_plain_name[plain_name(f.name)] = f.name;
      } else {
        functions.try_emplace(f.name, f);
      }
      ++t;
      external = false;
    } else if (text == ".file") {
      const std::string_view name = tokens[t + 2].text;
      files[static_cast<std::uint32_t>(number_of(tokens[t + 1].text, tokens[t].line))] =
          std::string(name.substr(1, name.size() - 2));
      t += 3;
    } else if (text == ".section") {
      while (tokens[t].text != "{") ++t;
      t = matching(t) + 1;
    } else {
      ++t;
    }
  }
}

Module::Module(const std::string& path) : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  std::ifstream file(path);
  if (!file) throw Error("cannot read " + path);
  std::stringstream all;
  all << file.rdbuf();
  impl_->text = all.str();
  impl_->line_begins.push_back(0);
  for (std::size_t i = 0; i < impl_->text.size(); ++i)
    if (impl_->text[i] == '\n') impl_->line_begins.push_back(i + 1);
  impl_->tokens = tokens_of(impl_->text);
  impl_->read();
}
Module::~Module() = default;

std::vector<std::string> Module::kernels() const {
  std::vector<std::string> names;
  for (const auto& [plain, name] : impl_->by_plain_name) names.push_back(plain);
  return names;
}

std::shared_ptr<const Program> Module::program(const std::string& kernel) {
  std::shared_ptr<const Program>& known = impl_->programs[kernel];
  if (!known) {
    const auto found = impl_->by_plain_name.find(kernel);
    if (found == impl_->by_plain_name.end()) return nullptr;
    known = std::make_shared<const Program>(Decoder(*impl_, impl_->functions.at(found->second)).run());
  }
  return known;
}

const std::string& Module::path() const {
  return impl_->path;
}

std::string Module::source_of(const Instruction& i) const {
  const auto found = impl_->files.find(i.file);
  if (found == impl_->files.end()) return "?";
  const std::string& name = found->second;
  const std::size_t kernels = name.find("/kernels/");
  const std::size_t include = name.find("/include/modsweep/");
  const std::size_t from = kernels != std::string::npos   ? kernels + 1
                           : include != std::string::npos ? include + 1
                                                          : 0;
  return name.substr(from) + ":" + std::to_string(i.source_line);
}

std::string Module::text_of_line(std::uint32_t line) const {
  if (line == 0 || line > impl_->line_begins.size()) return "";
  const std::size_t begin = impl_->line_begins[line - 1];
  const std::size_t end = impl_->text.find('\n', begin);
  std::string text = impl_->text.substr(begin, end - begin);
  const std::size_t first = text.find_first_not_of(" \t");
  std::replace(text.begin(), text.end(), '\t', ' ');
  return first == std::string::npos ? "" : text.substr(first);
}

bool Module::owns(std::uint64_t address, std::uint32_t bytes) const {
  for (const auto& [begin, end] : impl_->owned)
    if (address >= begin && address + bytes <= end) return true;
  return false;
}

}  // namespace ptx
