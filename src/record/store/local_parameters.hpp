#pragma once

#include "base/json_value.hpp"
#include "record/definitions/definitions.hpp"
#include "record/path/expression.hpp"
#include "record/store/index_jobs.hpp"
#include "storage/writer.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// Search parameters of this centre beside those of R4: an operator writes a SearchParameter, whose expression is evaluated for each
/// resource of its types. A definition never changes under its number: another expression gets another number, whose rows an
/// index job makes (index_jobs.hpp) while the old ones are taken away. They stand in `local_parameter`, so all nodes have the same.
namespace qiao::record {

inline constexpr std::uint16_t kFirstLocalNumber = 0x8000;  ///< those of R4 are below it
constexpr bool is_local(ParamId param) { return number_of(param) >= kFirstLocalNumber; }

// Bounds: what each of them costs is paid by every write of its types.
inline constexpr std::size_t kLocalParameters = 100;            ///< in a centre
inline constexpr std::size_t kLocalParameterBases = 20;         ///< types of one
inline constexpr std::size_t kLocalExpression_bytes = 1'000;    ///< its text
inline constexpr std::size_t kLocalExpressionSteps = 5'000;     ///< of one evaluation; a resource that needs more is not found by it
inline constexpr std::size_t kLocalParameterValues = 1'000;     ///< of one resource

struct LocalParameter {
    ParamId number = ParamId::none;
    std::int64_t rid = 0;  ///< of the SearchParameter
    std::string url, code;
    ParamKind kind = ParamKind::token;
    std::vector<TypeId> bases, targets;
    std::string expression_text;
    path::Expression expression;
    // What a search may say; an empty list is all that the kind has.
    std::vector<std::string> modifiers, comparators, chains;
    bool takes_or = true, takes_and = true;
    std::string text;  ///< as kept; two with the same text are the same
    // As the search reads those of R4; views into the above.
    Parameter parameter{};
    TypeParameter how{};

    /// Whether both find the same in the same resources.
    [[nodiscard]] bool finds_the_same(const LocalParameter& other) const;
};
using LocalParameterPtr = std::shared_ptr<const LocalParameter>;

/// Reads a SearchParameter, or the text kept of one. nullptr when it is not `active` and defines nothing. Error(invalid,
/// "record.bad_search_parameter", 422) names the element.
std::shared_ptr<LocalParameter> read_local_parameter(const json::Value& resource);

/// All of them as of one version. Immutable; any thread.
class LocalParameters {
public:
    LocalParameters() = default;
    LocalParameters(std::int64_t version, std::vector<LocalParameterPtr> all);
    static std::shared_ptr<const LocalParameters> load(storage::Connection& connection);

    [[nodiscard]] std::int64_t version() const { return version_; }
    [[nodiscard]] const std::vector<LocalParameterPtr>& all() const { return all_; }
    [[nodiscard]] const std::vector<LocalParameterPtr>& of(TypeId type) const;
    [[nodiscard]] const LocalParameter* find(TypeId type, std::string_view code) const;
    [[nodiscard]] const LocalParameter* find(ParamId number) const;

private:
    std::int64_t version_ = 0;
    std::vector<LocalParameterPtr> all_;
    std::map<TypeId, std::vector<LocalParameterPtr>> by_type_;
};

/// What a type, R4 and the centre say of a parameter; nullptr when there is none. `local` may be nullptr.
const TypeParameter* find_parameter(const LocalParameters* local, TypeId type, ParamId param);

/// The newest version, for readers and for the writer.
class LocalParameterList {
public:
    /// As committed. Any thread.
    [[nodiscard]] std::shared_ptr<const LocalParameters> open() const;
    /// Reads them from the database; before the writer has work, and when another node wrote.
    void load(storage::Connection& connection);

    // Writer thread.
    /// As the open group has them.
    [[nodiscard]] const std::shared_ptr<const LocalParameters>& now() const { return now_; }
    /// What the SearchParameter `rid` defines from now on; nullptr = nothing. Orders the jobs. Error(invalid,
    /// "record.bad_search_parameter") for a code that another one has, Error(conflict, "record.too_many_search_parameters").
    void put(storage::Group& group, std::int64_t rid, const std::shared_ptr<const LocalParameter>& wanted, IndexJobs& jobs);

private:
    void change(storage::Group& group, std::vector<LocalParameterPtr> all);
    void publish(std::shared_ptr<const LocalParameters> parameters);

    std::shared_ptr<const LocalParameters> now_ = std::make_shared<const LocalParameters>();
    mutable std::mutex mutex_;
    std::shared_ptr<const LocalParameters> open_ = now_;
};

}  // namespace qiao::record
