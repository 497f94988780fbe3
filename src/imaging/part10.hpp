#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The file form of an object (PS3.10): preamble, group 0002, data set. Pure functions. Any thread.
namespace qiao::imaging {

struct FileMeta {
    std::string transfer_syntax;
    std::string sop_class;
    std::string sop_instance;
    std::string source_ae;
    std::uint64_t dataset_offset = 0;
};

/// Reads the start of a file. Files without preamble, without meta group or without its length exist and are read; the
/// transfer syntax of a bare data set is told from its first element.
Result<FileMeta> read_file_meta(std::string_view file);

/// Preamble and our own meta group for a data set that came over a network.
std::string make_file_meta(const FileMeta& meta);

}  // namespace qiao::imaging
