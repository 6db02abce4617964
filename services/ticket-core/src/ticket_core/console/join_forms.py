"""An agent says that two cases are about one problem, or were not after all."""

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from ticket_core.console.at_case import AtCase, case_forms
from ticket_core.domain.inputs import MergeCases, UndoMerge
from ticket_core.store.queries import plain_number

router = case_forms()

Other = Annotated[str, Form(min_length=10, max_length=20)]


@router.post("/merge")
async def merge(here: AtCase, other: Other) -> Response:
    return await here.done(MergeCases(**here.asked, other=plain_number(other)))


@router.post("/merge/undo")
async def undo(here: AtCase, other: Other) -> Response:
    return await here.done(UndoMerge(**here.asked, other=plain_number(other)))
