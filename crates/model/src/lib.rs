//! The nouns of Portcullis: who acts, on what, with which effects, and what was decided.
//!
//! Nothing here knows a protocol, a clock, a runtime or a storage format, and nothing here is
//! serialised: a boundary that keeps or sends one of these makes its own counterpart.

pub mod action;
pub mod decision;
pub mod detected;
pub mod effect;
pub mod fault;
pub mod id;
pub mod limits;
pub mod principal;
pub mod reach;
pub mod resource;
pub mod secret;
pub mod xml;

pub use action::{
    Action, ActionKind, Application, Delivered, Parameter, ParameterFormat, Statement,
};
pub use decision::{
    Inside, JsonMask, Mask, MaskKind, Obligations, Outcome, Reason, Refusal, RefusalKind,
};
pub use detected::{Class, Classes, Detected, Search};
pub use effect::{
    Assignment, ColumnRef, ColumnUse, Effect, Given, GivenValue, JsonShape, Object, Part,
    Projection, Projections, Shape, Usage, Verb, VerbGroup,
};
pub use fault::Fault;
pub use id::{ActionId, ApprovalId, CatalogVersion, PolicyHash, SessionId};
pub use limits::Limits;
pub use principal::{Principal, PrincipalKind};
pub use reach::{Ground, Named, Reach, Touched};
pub use resource::{Resource, ResourceName};
pub use secret::Secret;
pub use xml::{XmlElement, XmlMask, XmlShape};
