#pragma once

#include "record/filter.hpp"
#include "storage/database.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

/// A statement that grows together with its arguments, and what of it depends on the engine. One thread.
namespace qiao::record {

class Sql {
public:
    Sql& add(std::string_view text) {
        text_ += text;
        return *this;
    }
    Sql& bind(std::int64_t value) {
        text_ += '?';
        args_.emplace_back(value);
        return *this;
    }
    Sql& bind_real(double value) {
        text_ += '?';
        args_.emplace_back(value);
        return *this;
    }
    Sql& bind(std::string value) {
        text_ += '?';
        texts_.push_back(std::move(value));
        args_.emplace_back(std::string_view(texts_.back()));
        return *this;
    }
    Sql& bind_blob(std::string value) {
        text_ += '?';
        texts_.push_back(std::move(value));
        args_.emplace_back(storage::Blob{texts_.back()});
        return *this;
    }
    /// " IN (…)": few values one by one, many as one JSON list, so that the number of different statements stays small.
    Sql& in(const std::vector<std::int64_t>& values);
    /// The access condition on the row `alias` (with columns acl and rid).
    Sql& visible(const ReadFilter& filter, std::string_view alias, Instant now);

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] storage::Values args() const { return args_; }

private:
    std::string text_;
    std::vector<storage::Value> args_;
    std::deque<std::string> texts_;
    std::deque<FilterSql> filters_;
};

/// Pins an index (SQLite); other engines plan by their statistics.
std::string indexed_by(std::string_view index);

}  // namespace qiao::record
