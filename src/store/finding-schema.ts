import { Type } from "@sinclair/typebox";
import { FINDING_CODES, type Finding, type FindingCode } from "../finding.js";

const codes = Object.keys(FINDING_CODES) as FindingCode[];

/** A finding as files of the store keep it. */
export const FindingSchema = Type.Unsafe<Finding>(
  Type.Object({
    code: Type.Unsafe<FindingCode>(Type.Union(codes.map((code) => Type.Literal(code)))),
    severity: Type.String(),
    message: Type.String(),
  }),
);
