"""Tables of who is analysed."""

from radiogenomics.table import Column, Table

PATIENTS = Table(
    "cohort/patients",
    "One patient, in or out of the analysis, with the reason; the covariates follow as further columns.",
    Column("patient_id", "string", "patient of the patients sheet"),
    Column("included", "bool", "the patient is analysed"),
    Column("excluded_stage", "string", "stage that excluded the patient, empty if included"),
    Column("excluded_reason", "string", "why the patient is excluded, empty if included"),
    Column("excluded_message", "string", "the fact behind the reason, empty if included"),
    key=("patient_id",),
    open_ended=True,
)
LEDGER = Table(
    "cohort/ledger",
    "Attrition: patients in = patients analysed + patients excluded, by reason.",
    Column("step", "category", "enrolled, excluded or analysed", values=("enrolled", "excluded", "analysed")),
    Column("stage", "string", "stage that excluded, empty for enrolled and analysed"),
    Column("reason", "string", "why, empty for enrolled and analysed"),
    Column("n_patients", "int64", "number of patients"),
    key=("step", "stage", "reason"),
)
OUTCOMES = Table(
    "cohort/outcomes",
    "Time to one outcome of one patient of the patients sheet, analysed or not.",
    Column("outcome", "category", "name of the outcome, a key of cohort.outcomes"),
    Column("patient_id", "string", "patient of the patients sheet"),
    Column(
        "time", "float64", "time to the event or to the end of observation, in the unit of the sheet", nullable=True
    ),
    Column("event", "int8", "1 if the time ends with the event, 0 if it is censored", nullable=True),
    key=("outcome", "patient_id"),
)
