#pragma once

#include "record/definitions/tables.hpp"
#include "record/extract/extract.hpp"

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Turns FHIR values (a CodeableConcept, a Period, …) into index values and gathers them. Part of extract(); one thread.
namespace qiao::record {

class Collector {
public:
    Collector(IndexValues& out, const ExtractOptions& options) : out_(out), options_(options) {}

    /// Carries out `action` on one value.
    void act(const tables::Action& action, const simdjson::dom::element& value);
    /// A token found by the walk's end and not by a value.
    void token(ParamId param, std::string_view system, std::string_view code);

    /// Between the two, values go to `captured` and not to the result: the components of a composite.
    void capture(std::vector<ComponentValue>& captured) { captured_ = &captured; }
    void release() { captured_ = nullptr; }
    [[nodiscard]] bool full() const { return out_.truncated; }

private:
    template <class T>
    void add(std::vector<T>& list, T value);

    void act_token(const tables::Action& action, const simdjson::dom::element& value);
    void act_reference(const tables::Action& action, const simdjson::dom::element& value);
    void act_string(const tables::Action& action, const simdjson::dom::element& value);
    void act_date(const tables::Action& action, const simdjson::dom::element& value);
    void act_quantity(const tables::Action& action, const simdjson::dom::element& value);
    void act_number(const tables::Action& action, const simdjson::dom::element& value);

    void coding(ParamId param, const simdjson::dom::element& value);
    void identifier(ParamId param, const simdjson::dom::element& value);
    void text_of_token(ParamId param, std::string_view text);
    void reference(ParamId param, TypeId wanted, const simdjson::dom::element& value);
    void canonical(ParamId param, std::string_view text);
    void string(ParamId param, std::string_view text, bool pinyin, bool is_person, bool initials);
    void human_name(ParamId param, const simdjson::dom::element& value);
    void address(ParamId param, const simdjson::dom::element& value);
    void sampled_data(ParamId param, const simdjson::dom::element& value);
    std::optional<std::pair<std::int64_t, std::int64_t>> time_range(tables::Leaf leaf, const simdjson::dom::element& value) const;
    std::optional<std::pair<std::int64_t, std::int64_t>> period(const simdjson::dom::element& value) const;
    std::optional<std::pair<std::int64_t, std::int64_t>> timing(const simdjson::dom::element& value) const;
    void quantity(ParamId param, const simdjson::dom::element& value);
    void range(ParamId param, const simdjson::dom::element& value, bool as_number);

    /// A copy that lives as long as the result.
    std::string_view keep(std::string_view text);

    IndexValues& out_;
    const ExtractOptions& options_;
    std::vector<ComponentValue>* captured_ = nullptr;
    std::size_t count_ = 0;
    int sort_rank_ = 256;
};

/// Text of member `name`; empty when there is none.
std::string_view text_member(const simdjson::dom::element& object, std::string_view name);

}  // namespace qiao::record
