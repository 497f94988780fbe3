#include "record/definitions/definitions.hpp"
#include "record/definitions/elements.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace qiao::record {
namespace {

const TypeParameter& parameter(TypeId type, std::string_view code) {
    const TypeParameter* found = find_parameter(type, code);
    if (found == nullptr) throw std::runtime_error(std::string(code));
    return *found;
}

TEST(Definitions, HasTheConcreteTypesOfR4UnderFixedNumbers) {
    EXPECT_EQ(all_types().size(), 146U);
    EXPECT_EQ(find_type("Patient"), TypeId::Patient);
    EXPECT_EQ(type_name(TypeId::Observation), "Observation");
    EXPECT_EQ(find_type("DomainResource"), TypeId::none);
    EXPECT_EQ(find_type("patient"), TypeId::none);
    EXPECT_EQ(find_type("SubscriptionStatus"), TypeId::none);
    EXPECT_EQ(type_name(TypeId::none), "");
    EXPECT_EQ(type_of_number(0), TypeId::none);
    EXPECT_EQ(type_of_number(60'000), TypeId::none);
    for (const TypeId type : all_types()) {
        EXPECT_EQ(find_type(type_name(type)), type);
        EXPECT_EQ(type_of_number(number_of(type)), type);
    }
    // Stored in index rows: a change here is a change of the data format.
    EXPECT_EQ(number_of(TypeId::Account), 1);
    EXPECT_EQ(number_of(TypeId::Patient), 103);
    EXPECT_EQ(number_of(TypeId::VisionPrescription), 146);
}

TEST(Definitions, HasAllOfficialParameters) {
    std::set<std::uint16_t> seen;
    std::size_t rows = 0;
    for (const TypeId type : all_types()) {
        std::string_view before;
        for (const TypeParameter& row : parameters_of(type)) {
            const Parameter* definition = find_parameter(row.id);
            ASSERT_NE(definition, nullptr);
            EXPECT_LT(before, definition->code) << "sorted, each code once";
            before = definition->code;
            EXPECT_EQ(find_parameter(type, definition->code), &row);
            EXPECT_EQ(find_parameter(type, row.id), &row);
            seen.insert(number_of(row.id));
            ++rows;
        }
    }
    EXPECT_EQ(seen.size(), 1378U);
    EXPECT_GT(rows, 2'500U);
    EXPECT_EQ(find_parameter(TypeId::Patient, "nonsense"), nullptr);
    EXPECT_EQ(find_parameter(ParamId{0}), nullptr);
    EXPECT_EQ(find_parameter(ParamId{60'000}), nullptr);
}

TEST(Definitions, DescribesParameters) {
    const TypeParameter& code = parameter(TypeId::Observation, "code");
    EXPECT_EQ(find_parameter(code.id)->name, "clinical-code");
    EXPECT_EQ(find_parameter(code.id)->kind, ParamKind::token);
    EXPECT_TRUE(code.system_row && code.code_only_row && code.no_system_row && code.has_text);
    EXPECT_FALSE(code.has_identifier_type);

    const TypeParameter& status = parameter(TypeId::Observation, "status");
    EXPECT_FALSE(status.system_row);
    EXPECT_TRUE(status.code_only_row);
    EXPECT_EQ(status.implicit_system, "http://hl7.org/fhir/observation-status");

    EXPECT_TRUE(parameter(TypeId::Patient, "identifier").has_identifier_type);
    EXPECT_FALSE(parameter(TypeId::Observation, "date").repeats);
    EXPECT_TRUE(parameter(TypeId::Patient, "name").repeats);
    EXPECT_TRUE(parameter(TypeId::Observation, "patient").in_patient_compartment || parameter(TypeId::Observation, "subject").in_patient_compartment);

    const Parameter& subject = *find_parameter(parameter(TypeId::Encounter, "practitioner").id);
    EXPECT_EQ(std::vector(subject.targets.begin(), subject.targets.end()), std::vector{TypeId::Practitioner});

    const Parameter& composite = *find_parameter(parameter(TypeId::Observation, "code-value-quantity").id);
    ASSERT_EQ(composite.components.size(), 2U);
    EXPECT_EQ(find_parameter(composite.components[0])->code, "code");
    EXPECT_EQ(find_parameter(composite.components[1])->code, "value-quantity");

    EXPECT_FALSE(find_parameter(parameter(TypeId::Patient, "_id").id)->indexed);
    EXPECT_FALSE(find_parameter(parameter(TypeId::Patient, "_text").id)->indexed);
    EXPECT_TRUE(find_parameter(parameter(TypeId::Patient, "_tag").id)->indexed);
    EXPECT_EQ(find_parameter(TypeId::Binary, "_text"), nullptr) << "Binary is no DomainResource";
    EXPECT_EQ(find_parameter(TypeId::Patient, "_tag")->id, param::tag());
}

TEST(Definitions, HasThePatientCompartment) {
    const auto inside = patient_compartment(TypeId::AllergyIntolerance);
    EXPECT_EQ(inside.size(), 3U);
    for (const ParamId id : inside) EXPECT_EQ(find_parameter(id)->kind, ParamKind::reference);
    EXPECT_TRUE(patient_compartment(TypeId::Organization).empty());
}

TEST(Elements, FindsMembersWithTheirTypes) {
    const Shape& observation = shape(shape_of(TypeId::Observation));
    const Property* value = observation.find("valueQuantity");
    ASSERT_NE(value, nullptr);
    EXPECT_TRUE(value->choice);
    EXPECT_EQ(value->type, ValueType::object);
    EXPECT_EQ(shape(value->shape).name, "Quantity");
    EXPECT_EQ(observation.element_names[value->element], "value[x]");
    EXPECT_EQ(observation.find("valueString")->element, value->element);
    EXPECT_EQ(observation.find("value"), nullptr);
    EXPECT_EQ(observation.find("valueFoo"), nullptr);
    EXPECT_EQ(observation.find(""), nullptr);
    EXPECT_TRUE(observation.find("category")->repeats);
    EXPECT_NE(observation.required >> observation.find("status")->element & 1U, 0U);
    EXPECT_EQ(shape(observation.find("component")->shape).name, "Observation.component");
    EXPECT_EQ(shape(find_shape("Observation.component")).find("referenceRange")->shape, find_shape("Observation.referenceRange")) << "contentReference";
    EXPECT_EQ(find_shape("Observation.nothing"), kNoShape);
    EXPECT_EQ(shape_of(TypeId::none), kNoShape);
}

TEST(Elements, FindsEveryPropertyOfEveryType) {
    for (const TypeId type : all_types()) {
        const Shape& row = shape(shape_of(type));
        EXPECT_EQ(row.name, type_name(type));
        EXPECT_TRUE(row.is_resource);
        for (const Property& property : row.properties) EXPECT_EQ(row.find(property.name), &property);
    }
}

TEST(Elements, KnowsRequiredBindingsAndTargets) {
    const Shape& patient = shape(shape_of(TypeId::Patient));
    const std::uint16_t gender = patient.find("gender")->binding;
    ASSERT_NE(gender, 0);
    EXPECT_EQ(value_set_url(gender), "http://hl7.org/fhir/ValueSet/administrative-gender");
    EXPECT_TRUE(value_set_has(gender, {}, "female"));
    EXPECT_TRUE(value_set_has(gender, "http://hl7.org/fhir/administrative-gender", "female"));
    EXPECT_FALSE(value_set_has(gender, "http://example.org", "female"));
    EXPECT_FALSE(value_set_has(gender, {}, "Female"));
    const std::uint16_t targets = patient.find("managingOrganization")->targets;
    EXPECT_TRUE(targets_allow(targets, TypeId::Organization));
    EXPECT_FALSE(targets_allow(targets, TypeId::Patient));
    EXPECT_TRUE(targets_allow(0, TypeId::Patient));
}

}  // namespace
}  // namespace qiao::record
