from typing import Annotated

from fastapi import APIRouter, Header, Request

router = APIRouter()


@router.post("/lever/webhook")
async def receive_lever(request: Request, x_lever_signature: Annotated[str, Header()] = ""):
    return await keep(await request.json(), x_lever_signature)


@router.post("/lever/webhook2")
async def receive_lever_too(request: Request, x_lever_signature: str = Header(None)):  # expect: LK308
    return await keep(await request.json(), x_lever_signature)


@router.post("/clever/webhook")
async def receive_clever(request: Request):
    return await keep(await request.json(), request.headers.get("x-clever-signature"))
