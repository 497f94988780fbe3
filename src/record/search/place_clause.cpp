#include "record/search/clause.hpp"
#include "record/search/either.hpp"
#include "record/search/values.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

namespace qiao::record {
namespace {

constexpr double kEarth_km = 6371.0088;  ///< mean radius (IUGG)
constexpr double kDistance_km = 50;      ///< where none is given; R4 leaves it to the server

struct Circle {
    PlaceRow centre;
    double chord = 0;  ///< on the unit sphere
};

/// Resources inside circles on the earth: the chord between two places of the unit sphere grows with their distance.
class NearClause : public Clause {
public:
    NearClause(TypeId type, std::vector<Circle> circles) : type_(number_of(type)), circles_(std::move(circles)) {}

    void source(Sql& sql) const override {
        bool first = true;
        for (const Circle& circle : circles_) {
            if (!first) sql.add(" UNION ALL ");
            first = false;
            sql.add("SELECT rid FROM near WHERE type = ").bind(type_).add(" AND param = ").bind(std::int64_t{circle.centre.param}).add(" AND ");
            inside(sql, circle, "");
        }
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("EXISTS (SELECT 1 FROM near p").add(indexed_by("near_by_rid")).add(fmt::format("WHERE p.rid = {}.rid AND p.param = ", alias));
        sql.bind(std::int64_t{circles_.front().centre.param}).add(" AND (");
        Either either(sql);
        for (const Circle& circle : circles_) {
            either.next();
            inside(sql, circle, "p.");
        }
        either.end();
        sql.add("))");
    }

private:
    static void inside(Sql& sql, const Circle& circle, std::string_view prefix) {
        sql.add(fmt::format("({}z >= ", prefix)).bind_real(circle.centre.z - circle.chord);
        sql.add(fmt::format(" AND {}z <= ", prefix)).bind_real(circle.centre.z + circle.chord).add(" AND ");
        const std::array<std::pair<std::string_view, double>, 3> axes = {{{"x", circle.centre.x}, {"y", circle.centre.y}, {"z", circle.centre.z}}};
        for (const auto& [axis, value] : axes) {
            if (axis != "x") sql.add(" + ");
            sql.add(fmt::format("({}{} - ", prefix, axis)).bind_real(value);
            sql.add(fmt::format(") * ({}{} - ", prefix, axis)).bind_real(value).add(")");
        }
        sql.add(" <= ").bind_real(circle.chord * circle.chord).add(")");
    }

    std::int64_t type_;
    std::vector<Circle> circles_;
};

double kilometres(std::string_view code, double value, std::string_view unit) {
    if (unit.empty() || unit == "km") return value;
    if (unit == "m") return value / 1000;
    if (unit == "[mi_us]" || unit == "[mi_i]" || unit == "mi") return value * 1.609344;
    throw_bad_value(code, "has a distance in km, m or [mi_i]");
}

}  // namespace

ClausePtr make_near_clause(const Named& named) {
    const std::string_view code = named.definition.code;
    if (!named.modifier.empty()) throw_bad_modifier(code, named.modifier);
    std::vector<Circle> circles;
    for (const std::string_view value : named.values) {
        const auto pieces = split_escaped(value, '|');
        if (pieces.size() < 2 || pieces.size() > 4) throw_bad_value(code, "wants latitude|longitude|distance|unit");
        const auto latitude = parse_number(pieces[0]);
        const auto longitude = parse_number(pieces[1]);
        if (!latitude || std::abs(latitude->value) > 90 || !longitude || std::abs(longitude->value) > 180)
            throw_bad_value(code, "wants a latitude of -90 to 90 and a longitude of -180 to 180 degrees");
        double distance_km = kDistance_km;
        if (pieces.size() > 2 && !pieces[2].empty()) {
            const auto distance = parse_number(pieces[2]);
            if (!distance || distance->value < 0) throw_bad_value(code, "has no distance");
            distance_km = kilometres(code, distance->value, pieces.size() > 3 ? pieces[3] : std::string_view());
        }
        const double angle = std::min(distance_km / kEarth_km, 3.14159265358979323846);
        circles.push_back({place_row(named.how.id, latitude->value, longitude->value), 2 * std::sin(angle / 2)});
    }
    return std::make_unique<NearClause>(named.type, std::move(circles));
}

}  // namespace qiao::record
